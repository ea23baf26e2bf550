//! Random histories of todos and their lists: every view is what folding them by hand gives.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{
    kit::{History, Order, after, events, rows},
    todo::todo,
    todo_list::list,
};

/// Some of these fields, each with some value or with null.
fn fields() -> impl Strategy<Value = Map<String, Value>> {
    let some = |values: &'static [&'static str]| {
        let value = prop_oneof![Just(Value::Null), prop::sample::select(values).prop_map(Value::from)];
        prop::option::weighted(0.6, value)
    };
    (
        some(&["White", "Red"]),
        some(&["2026-12-24", "2026-12-01", "2027-01-01"]),
        some(&["ada@example.com", "bob@example.com"]),
    )
        .prop_map(|(description, due_date, stakeholder_email)| {
            [("description", description), ("due_date", due_date), ("stakeholder_email", stakeholder_email)]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect()
        })
}

fn with(mut fields: Map<String, Value>, name: &str, value: impl Into<Value>) -> Map<String, Value> {
    fields.insert(name.to_owned(), value.into());
    fields
}

fn order() -> impl Strategy<Value = Order> {
    let lists = || prop::option::of(1_u128..4);
    let list_id = |number: Option<u128>| json!(number.map(|number| list(number).id));
    let on = |field: &'static str| {
        prop::sample::select(&["2026-11-20", "2026-11-21"]).prop_map(move |day| with(Map::new(), field, day))
    };
    let item = fields().prop_map(|fields| with(fields, "title", "Paint"));
    let of_todo = prop_oneof![
        4 => (item, lists()).prop_map(move |(item, list)| ("add", with(item, "list_id", list_id(list)))),
        4 => (fields(), 1_u8..4).prop_map(|(fields, title)| ("amend", with(fields, "title", title.to_string()))),
        2 => on("completed_on").prop_map(|data| ("complete", data)),
        1 => on("abandoned_on").prop_map(|data| ("abandon", data)),
        1 => on("notified_on").prop_map(|data| ("record-stakeholder-notified", data)),
    ];
    let name = || (1_u8..4).prop_map(|name| with(Map::new(), "name", name.to_string()));
    let of_list =
        prop_oneof![name().prop_map(|data| ("create", data)), name().prop_map(|data| ("rename", data))];
    let order = |stream, (command, data)| Order { stream, command, data: Value::Object(data) };
    prop_oneof![
        4 => (1_u128..8, of_todo).prop_map(move |(number, it)| order(todo(number), it)),
        1 => (1_u128..4, of_list).prop_map(move |(number, it)| order(list(number), it)),
    ]
}

/// What the four views should show, each in its order.
#[derive(Default)]
struct ByHand {
    outstanding: Vec<Value>,
    completed: Vec<Value>,
    lists: Vec<Value>,
}

impl ByHand {
    fn of(history: &History) -> Self {
        let mut all = Self::default();
        for (_, stream, kind, data) in events(history) {
            all.note(&json!(stream.id), kind, data);
        }
        let counts = all.lists.iter().map(|list| {
            let on_it =
                |todos: &[Value]| todos.iter().filter(|todo| todo["list_id"] == list["list_id"]).count();
            (on_it(&all.outstanding), on_it(&all.completed))
        });
        let counts: Vec<_> = counts.collect();
        for (list, (outstanding, completed)) in all.lists.iter_mut().zip(counts) {
            list["outstanding"] = json!(outstanding);
            list["completed"] = json!(completed);
        }
        all
    }

    fn note(&mut self, id: &Value, kind: &str, data: Map<String, Value>) {
        let todo = self.outstanding.iter().position(|todo| todo["todo_id"] == *id);
        match (kind, todo) {
            ("TodoAdded", None) => {
                let field = |name: &str| data.get(name).cloned().unwrap_or_default();
                self.outstanding.push(json!({
                    "todo_id": id, "title": field("title"), "description": field("description"),
                    "due_date": field("due_date"), "stakeholder_email": field("stakeholder_email"),
                    "list_id": field("list_id"),
                }));
            }
            ("TodoAmended", Some(todo)) => {
                self.outstanding[todo].as_object_mut().unwrap().extend(data);
            }
            ("TodoCompleted", Some(todo)) => {
                let mut todo = self.outstanding.remove(todo);
                todo["completed_on"] = data["completed_on"].clone();
                self.completed.push(todo);
            }
            ("TodoAbandoned", Some(todo)) => drop(self.outstanding.remove(todo)),
            ("StakeholderNotifiedOfTodoCompletion", None) => {}
            ("TodoListCreated", _) => self.lists.push(json!({ "list_id": id, "name": data["name"] })),
            ("TodoListRenamed", _) => {
                let list = self.lists.iter_mut().find(|list| list["list_id"] == *id).unwrap();
                list["name"] = data["name"].clone();
            }
            (kind, _) => panic!("{kind} of {id}, which is not there for it"),
        }
    }

    fn scheduled(&self) -> Vec<Value> {
        let mut scheduled: Vec<_> =
            self.outstanding.iter().filter(|todo| !todo["due_date"].is_null()).cloned().collect();
        scheduled.sort_by_key(|todo| todo["due_date"].to_string()); // stable: of one day the oldest first
        scheduled
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn views_of_lists_and_todos_are_what_folding_by_hand_gives(
        orders in prop::collection::vec(order(), 0..50),
        again in any::<prop::sample::Index>(),
    ) {
        let history = after(orders);
        let once: Vec<_> = history.commits.iter().collect();
        let again = again.index(once.len() + 1);
        let deliveries = [&once[..again], &once].concat();
        let by_hand = ByHand::of(&history);
        let runtime = tokio::runtime::Runtime::new().unwrap();

        prop_assert_eq!(runtime.block_on(rows("todo-lists", &deliveries, &[])), by_hand.lists.clone());
        for (view, expected) in [
            ("outstanding", by_hand.outstanding.clone()),
            ("scheduled", by_hand.scheduled()),
            ("completed", by_hand.completed.clone()),
        ] {
            prop_assert_eq!(runtime.block_on(rows(view, &deliveries, &[])), expected, "{}", view);
        }
    }
}
