//! Lists of todos: what is shown of them, and what follows.

use annals_core::StreamId;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    kit::{History, notice, reactions, shown},
    todo::todo,
};

pub fn list(number: u128) -> StreamId {
    StreamId::new("todo-list", Uuid::from_u128(number))
}

fn add(history: &mut History, number: u128, list: &StreamId) {
    history.accept(&todo(number), "add", &json!({ "title": "Paint", "list_id": list.id }));
}

fn complete(history: &mut History, number: u128) {
    history.accept(&todo(number), "complete", &json!({ "completed_on": "2026-11-21" }));
}

#[tokio::test]
async fn lists_count_their_todos_and_the_oldest_comes_first() {
    let mut history = History::new();
    history.accept(&list(9), "create", &json!({ "name": "Home", "owner_email": "ada@example.com" }));
    for number in 1..=4 {
        add(&mut history, number, &list(9));
    }
    complete(&mut history, 1);
    history.accept(&todo(2), "abandon", &json!({ "abandoned_on": "2026-11-21" }));
    history.accept(&list(2), "create", &json!({ "name": "Work" }));
    history.accept(&list(9), "rename", &json!({ "name": "House" }));
    history.accept(&todo(5), "add", &json!({ "title": "On no list" }));

    assert_eq!(
        shown("todo-lists", &history).await,
        [
            json!({ "list_id": list(9).id, "name": "House", "outstanding": 2, "completed": 1 }),
            json!({ "list_id": list(2).id, "name": "Work", "outstanding": 0, "completed": 0 }),
        ]
    );
}

#[tokio::test]
async fn todos_that_were_there_before_their_list_are_counted() {
    let mut history = History::new();
    for number in 1..=3 {
        add(&mut history, number, &list(1));
    }
    complete(&mut history, 2);
    assert_eq!(shown("todo-lists", &history).await, [Value::Null; 0]);

    history.accept(&list(1), "create", &json!({ "name": "Home" }));
    let row = json!({ "list_id": list(1).id, "name": "Home", "outstanding": 2, "completed": 1 });
    assert_eq!(shown("todo-lists", &history).await, [row]);
}

#[test]
fn the_owner_of_a_new_list_gets_a_start() {
    let mut history = History::new();
    let owned = json!({ "name": "Home", "owner_email": "ada@example.com" });
    let owned = history.accept(&list(1), "create", &owned);
    let nobodys = history.accept(&list(2), "create", &json!({ "name": "Work" }));
    let renamed = history.accept(&list(1), "rename", &json!({ "name": "House" }));

    let (_, data) = notice(&history, &owned);
    assert_eq!((&data["reactor"], &data["to"]), (&json!("getting-started"), &json!("ada@example.com")));
    assert!(data["body"].as_str().unwrap().contains("Home"));
    assert_eq!(reactions(&history, &nobodys), []);
    assert_eq!(reactions(&history, &renamed), []);
}
