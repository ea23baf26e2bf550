use annals_core::{Category, Change, FieldError, Rejection, testing::Story};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn text(text: &str) -> Text {
    text.parse().unwrap()
}

fn day(day: u32) -> Date {
    format!("2026-11-{day:02}").parse().unwrap()
}

fn ada() -> Email {
    "ada@example.com".parse().unwrap()
}

fn item() -> Item {
    Item {
        title: text("Paint the fence"),
        description: Some(text("White, twice")),
        due_date: None,
        stakeholder_email: Some(ada()),
        list_id: Some(Uuid::from_u128(5)),
    }
}

fn added() -> Event {
    Event::TodoAdded(item())
}

fn complete(on: u32) -> Command {
    Command::Complete { completed_on: day(on) }
}

fn completed(on: u32) -> Event {
    Event::TodoCompleted {
        completed_on: day(on),
        title: item().title,
        stakeholder_email: Some(ada()),
        list_id: item().list_id,
    }
}

fn abandon(on: u32) -> Command {
    Command::Abandon { abandoned_on: day(on) }
}

fn abandoned(on: u32) -> Event {
    Event::TodoAbandoned { abandoned_on: day(on), list_id: item().list_id }
}

fn record(on: u32) -> Command {
    Command::RecordStakeholderNotified { notified_on: day(on) }
}

fn recorded(on: u32) -> Event {
    Event::StakeholderNotifiedOfTodoCompletion { notified_on: day(on) }
}

fn later() -> Amendment {
    Amendment { due_date: Change::Set(day(30)), ..Amendment::default() }
}

#[test]
fn a_todo_is_added_once_whatever_becomes_of_it() {
    Todo::given([]).when(Command::Add(item())).then([added()]);
    for history in [vec![added()], vec![added(), completed(1)], vec![added(), abandoned(1)]] {
        Todo::given(history).when(Command::Add(item())).refused(Refusal::AlreadyExists);
    }
}

#[test]
fn nothing_happens_to_a_todo_that_was_never_added() {
    for command in [Command::Amend(later()), complete(1), abandon(1), record(1)] {
        Todo::given([]).when(command).refused(Refusal::DoesNotExist);
    }
}

#[test]
fn an_amendment_holds_only_what_it_changes() {
    let asked = Amendment {
        title: Some(item().title),
        description: Change::Cleared,
        due_date: Change::Cleared,
        stakeholder_email: Change::Set("bob@example.com".parse().unwrap()),
    };
    let changes = Amendment { title: None, due_date: Change::Kept, ..asked.clone() };

    Todo::given([added()]).when(Command::Amend(asked.clone())).then([Event::TodoAmended(changes.clone())]);
    Todo::given([added(), Event::TodoAmended(changes)]).when(Command::Amend(asked)).nothing();
}

#[test]
fn what_is_done_with_is_not_amended() {
    Todo::given([added(), completed(1)]).when(Command::Amend(later())).refused(Refusal::IsComplete);
    Todo::given([added(), abandoned(1)]).when(Command::Amend(later())).refused(Refusal::IsAbandoned);
}

#[test]
fn a_todo_is_done_with_once() {
    Todo::given([added()]).when(complete(1)).then([completed(1)]);
    Todo::given([added()]).when(abandon(1)).then([abandoned(1)]);
    for command in [complete(2), abandon(2)] {
        Todo::given([added(), completed(1)]).when(command.clone()).refused(Refusal::AlreadyComplete);
        Todo::given([added(), abandoned(1)]).when(command).refused(Refusal::AlreadyAbandoned);
    }
}

#[test]
fn a_completion_says_what_was_done_as_it_was_last() {
    let amended = Amendment {
        title: Some(text("Paint the house")),
        stakeholder_email: Change::Cleared,
        ..Amendment::default()
    };
    Todo::given([added(), Event::TodoAmended(amended)]).when(complete(1)).then([Event::TodoCompleted {
        completed_on: day(1),
        title: text("Paint the house"),
        stakeholder_email: None,
        list_id: item().list_id,
    }]);
}

#[test]
fn a_stakeholder_hears_once_that_a_todo_is_done_and_not_before() {
    Todo::given([added()]).when(record(2)).nothing();
    Todo::given([added(), abandoned(1)]).when(record(2)).nothing();
    Todo::given([added(), completed(1)]).when(record(2)).then([recorded(2)]);
    Todo::given([added(), completed(1), recorded(2)]).when(record(3)).nothing();
}

#[test]
fn a_refusal_names_the_todo() {
    let id = Uuid::from_u128(7);
    for (refusal, rest) in [
        (Refusal::AlreadyExists, "already exists"),
        (Refusal::DoesNotExist, "does not exist"),
        (Refusal::IsComplete, "is complete"),
        (Refusal::IsAbandoned, "is abandoned"),
        (Refusal::AlreadyComplete, "already complete"),
        (Refusal::AlreadyAbandoned, "already abandoned"),
    ] {
        assert_eq!(Todo::explain(&refusal, id), format!("Todo \"{id}\" {rest}"));
    }
}

fn wrong(command: &str, data: &Value) -> Vec<FieldError> {
    match Category::of::<Todo>().check(command, data) {
        Ok(()) => vec![],
        Err(Rejection::Invalid(errors)) => errors,
        Err(rejection) => panic!("{rejection:?}"),
    }
}

#[test]
fn an_amendment_names_at_least_one_field() {
    let nothing = "must have at least one field";
    let errors = wrong("amend", &json!({}));
    assert_eq!(errors, [FieldError { pointer: String::new(), detail: nothing.into() }]);

    for data in [
        json!({ "title": "Paint the house" }),
        json!({ "description": null }),
        json!({ "due_date": null }),
        json!({ "stakeholder_email": null }),
        json!({ "due_date": "2028-02-29" }),
    ] {
        assert_eq!(wrong("amend", &data), [], "{data}");
    }
}

#[test]
fn a_field_that_is_wrong_is_pointed_at() {
    for (command, data, pointers) in [
        ("amend", json!({ "title": null }), &["/title"][..]),
        ("amend", json!({ "title": " ", "due_date": "2027-02-29" }), &["/due_date", "/title"]),
        (
            "amend",
            json!({ "stakeholder_email": "ada", "list_id": null }),
            &["/list_id", "/stakeholder_email"],
        ),
        ("add", json!({}), &["/title"]),
        ("add", json!({ "title": "Paint", "list_id": "home", "colour": "white" }), &["/colour", "/list_id"]),
        ("complete", json!({ "completed_on": "today" }), &["/completed_on"]),
    ] {
        let mut found: Vec<_> = wrong(command, &data).into_iter().map(|error| error.pointer).collect();
        found.sort_unstable();
        assert_eq!(found, pointers, "{command} {data}");
    }
}

#[test]
fn the_schema_of_an_amendment_says_what_may_be_null_and_that_one_is_needed() {
    let category = Category::of::<Todo>();
    for schema in [&category.commands["amend"], &category.events["TodoAmended"]] {
        assert_eq!((&schema["minProperties"], &schema["additionalProperties"]), (&json!(1), &json!(false)));
        assert_eq!(schema.get("required"), None);
        let fields = schema["properties"].as_object().unwrap();
        let nullable = |name: &str| fields[name].to_string().contains("null");
        assert_eq!(
            fields.keys().map(|name| (name.as_str(), nullable(name))).collect::<Vec<_>>(),
            [("description", true), ("due_date", true), ("stakeholder_email", true), ("title", false)]
        );
    }
    assert_eq!(category.commands["add"]["required"], json!(["title"]));
}

#[test]
fn people_read_the_state_as_json() {
    let shown = |events: Vec<Event>| serde_json::to_value(Todo::given(events).state()).unwrap();
    let item = json!({
        "title": "Paint the fence", "description": "White, twice", "stakeholder_email": "ada@example.com",
        "list_id": Uuid::from_u128(5),
    });
    let with = |more: Value| {
        let mut state = item.clone();
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        state
    };

    assert_eq!(shown(vec![]), json!({ "status": "absent" }));
    assert_eq!(shown(vec![added()]), with(json!({ "status": "outstanding" })));
    assert_eq!(
        shown(vec![added(), completed(1), recorded(2)]),
        with(json!({
            "status": "completed", "completed_on": "2026-11-01", "stakeholder_notified_on": "2026-11-02",
        }))
    );
    assert_eq!(
        shown(vec![added(), abandoned(1)]),
        with(json!({ "status": "abandoned", "abandoned_on": "2026-11-01" }))
    );
}

fn any_change<T: Clone + std::fmt::Debug + 'static>(value: fn(u32) -> T) -> impl Strategy<Value = Change<T>> {
    prop_oneof![
        Just(Change::Kept),
        Just(Change::Cleared),
        (1_u32..4).prop_map(move |it| Change::Set(value(it)))
    ]
}

fn any_amendment() -> impl Strategy<Value = Amendment> {
    let number = |it: u32| text(&it.to_string());
    let title = prop::option::of((1_u32..4).prop_map(number));
    let email = |it: u32| format!("{it}@example.com").parse().unwrap();
    (title, any_change(number), any_change(day), any_change(email)).prop_map(
        |(title, description, due_date, stakeholder_email)| Amendment {
            title,
            description,
            due_date,
            stakeholder_email,
        },
    )
}

proptest! {
    #[test]
    fn what_an_amendment_changes_is_all_that_it_asks(
        amendments in prop::collection::vec(any_amendment(), 0..12),
    ) {
        let mut item = item();
        for asked in amendments {
            let wanted = item.clone().amended(&asked);
            match asked.to(&item) {
                None => prop_assert_eq!(&wanted, &item),
                Some(changes) => {
                    prop_assert_ne!(&wanted, &item);
                    prop_assert_eq!(item.clone().amended(&changes), wanted.clone());
                    let stored = serde_json::to_string(&changes).unwrap();
                    prop_assert_eq!(serde_json::from_str::<Amendment>(&stored).unwrap(), changes);
                }
            }
            item = wanted;
        }
    }
}
