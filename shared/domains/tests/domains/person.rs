//! The register of persons: what is shown of them.

use std::collections::{BTreeMap, HashMap};

use annals_core::StreamId;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::{History, Order, after, events, rows, shown, time};

fn person(number: u128) -> StreamId {
    StreamId::new("person", Uuid::from_u128(number))
}

fn name(first: &str, last: &str) -> Value {
    json!({ "first_name": first, "last_name": last })
}

fn row(stream: &StreamId, name: &Value, status: &str, version: u64, since: &str) -> Value {
    json!({
        "person_id": stream.id, "first_name": name["first_name"], "last_name": name["last_name"],
        "status": status, "version": version, "since": since,
    })
}

/// Ada marries and goes by another name, two Hoppers are registered, Alan retires.
fn register() -> History {
    let mut history = History::new();
    history.accept(&person(4), "register", &name("Ada", "Byron"));
    history.accept(&person(3), "register", &name("Grace", "Hopper"));
    history.accept(&person(2), "register", &name("Alan", "Turing"));
    history.accept(&person(1), "register", &name("Dennis", "Hopper"));
    history.accept(&person(4), "rename", &json!({ "last_name": "Lovelace" }));
    history.accept(&person(2), "retire", &json!({}));
    history
}

#[tokio::test]
async fn the_directory_is_in_order_of_last_names_and_then_first_names() {
    assert_eq!(
        shown("directory", &register()).await,
        [
            row(&person(1), &name("Dennis", "Hopper"), "registered", 1, &time(4)),
            row(&person(3), &name("Grace", "Hopper"), "registered", 1, &time(2)),
            row(&person(4), &name("Ada", "Lovelace"), "registered", 2, &time(1)),
            row(&person(2), &name("Alan", "Turing"), "retired", 2, &time(6)),
        ]
    );
}

#[tokio::test]
async fn the_directory_can_be_narrowed_to_who_has_retired() {
    let history = register();
    let once: Vec<_> = history.commits.iter().collect();
    let ids = async |status: &str| {
        let rows = rows("directory", &once, &[("status", status)]).await;
        rows.iter().map(|row| row["person_id"].clone()).collect::<Vec<_>>()
    };

    assert_eq!(ids("retired").await, [json!(person(2).id)]);
    assert_eq!(ids("registered").await, [1, 3, 4].map(|number| json!(person(number).id)));
    assert_eq!(ids("unheard-of").await, [json!(null); 0]);
}

#[test]
fn persons_are_registered_in_the_present_schema() {
    let history = register();
    let schemas: Vec<_> = history.of(&person(2)).map(|it| it.commit.events[0].schema).collect();
    assert_eq!(schemas, [2, 1], "PersonRegistered, PersonRetired");
}

fn order() -> impl Strategy<Value = Order> {
    let first = prop::sample::select(vec!["Ada", "Grace", "Alan"]);
    let last = prop::sample::select(vec!["Byron", "Hopper", "Turing"]);
    let command = prop_oneof![
        2 => (first.clone(), last.clone()).prop_map(|(first, last)| ("register", name(first, last))),
        2 => first.prop_map(|first| ("rename", json!({ "first_name": first }))),
        2 => last.prop_map(|last| ("rename", json!({ "last_name": last }))),
        1 => Just(("retire", json!({}))),
    ];
    (1_u128..6, command).prop_map(|(number, (command, data))| Order { stream: person(number), command, data })
}

/// The directory, by looking at everything that ever happened.
fn directory_by_hand(history: &History) -> Vec<Value> {
    let mut rows = BTreeMap::new();
    for (position, stream, kind, data) in events(history) {
        let row = rows.entry(stream.id).or_insert_with(|| json!({ "person_id": stream.id, "version": 0 }));
        row["version"] = (row["version"].as_u64().unwrap() + 1).into();
        row.as_object_mut().unwrap().extend(data);
        if let Some(status) = HashMap::from(STATUSES).get(kind) {
            row["status"] = json!(status);
            row["since"] = json!(time(position));
        }
    }
    let mut rows: Vec<_> = rows.into_values().collect();
    rows.sort_by_key(|row| ["last_name", "first_name"].map(|part| row[part].as_str().unwrap().to_owned()));
    rows
}

const STATUSES: [(&str, &str); 2] = [("PersonRegistered", "registered"), ("PersonRetired", "retired")];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_directory_is_what_remembering_everything_gives(orders in prop::collection::vec(order(), 0..40)) {
        let history = after(orders);
        let once: Vec<_> = history.commits.iter().collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let shown = runtime.block_on(rows("directory", &once, &[]));
        prop_assert_eq!(shown, directory_by_hand(&history));
    }
}
