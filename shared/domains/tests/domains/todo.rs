//! Todos: what is shown of them, and what follows.

use annals_core::{Outgoing, StreamId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    account::account,
    kit::{History, notice, reactions, rows, shown},
};

pub fn todo(number: u128) -> StreamId {
    StreamId::new("todo", Uuid::from_u128(number))
}

fn home() -> Uuid {
    Uuid::from_u128(100)
}

/// Names are against the order of addition: 9 has every field; 8 loses its own and gets others; 7 has
/// the same day as 8; 6 is given up; 5 and 4 are completed, 4 first.
fn household() -> History {
    let mut history = History::new();
    let full = json!({
        "title": "Paint the fence", "description": "White, twice", "due_date": "2026-12-24",
        "stakeholder_email": "ada@example.com", "list_id": home(),
    });
    history.accept(&todo(9), "add", &full);
    history.accept(&todo(8), "add", &full);
    let on = |day: &str| json!({ "title": "Call", "due_date": day });
    history.accept(&todo(7), "add", &on("2026-12-01"));
    for number in [6, 5, 4] {
        history.accept(&todo(number), "add", &full);
    }
    let cleared = json!({ "title": "Paint", "description": null, "stakeholder_email": null });
    history.accept(&todo(8), "amend", &cleared);
    history.accept(&todo(8), "amend", &json!({ "due_date": "2026-12-01", "description": "Red" }));
    history.accept(&todo(6), "abandon", &json!({ "abandoned_on": "2026-11-20" }));
    history.accept(&todo(4), "complete", &json!({ "completed_on": "2026-11-21" }));
    history.accept(&todo(5), "amend", &json!({ "due_date": null, "description": null }));
    history.accept(&todo(5), "complete", &json!({ "completed_on": "2026-11-20" }));
    history.accept(&todo(4), "record-stakeholder-notified", &json!({ "notified_on": "2026-11-21" }));
    history
}

/// Todo 9 in that history, and todos 4, 5, 6 and 8 as long as nobody amends them.
fn fence(number: u128) -> Value {
    json!({
        "todo_id": todo(number).id, "title": "Paint the fence", "description": "White, twice",
        "due_date": "2026-12-24", "stakeholder_email": "ada@example.com", "list_id": home(),
    })
}

fn with(row: &Value, changes: &Value) -> Value {
    let mut row = row.clone();
    row.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    row
}

fn amended() -> Value {
    let changes = json!({
        "title": "Paint", "description": "Red", "due_date": "2026-12-01", "stakeholder_email": null,
    });
    with(&fence(8), &changes)
}

fn call() -> Value {
    json!({
        "todo_id": todo(7).id, "title": "Call", "description": null, "due_date": "2026-12-01",
        "stakeholder_email": null, "list_id": null,
    })
}

#[tokio::test]
async fn what_is_outstanding_is_shown_the_oldest_first() {
    assert_eq!(shown("outstanding", &household()).await, [fence(9), amended(), call()]);
}

#[tokio::test]
async fn what_is_scheduled_is_shown_the_soonest_first_and_of_one_day_the_oldest() {
    let mut history = household();
    assert_eq!(shown("scheduled", &history).await, [amended(), call(), fence(9)]);

    history.accept(&todo(7), "amend", &json!({ "due_date": null }));
    history.accept(&todo(9), "amend", &json!({ "due_date": "2026-11-30" }));
    let sooner = with(&fence(9), &json!({ "due_date": "2026-11-30" }));
    assert_eq!(shown("scheduled", &history).await, [sooner, amended()]);
}

#[tokio::test]
async fn what_is_completed_is_shown_in_the_order_of_completion() {
    let first = with(&fence(4), &json!({ "completed_on": "2026-11-21" }));
    let cleared = json!({ "completed_on": "2026-11-20", "description": null, "due_date": null });
    assert_eq!(shown("completed", &household()).await, [first, with(&fence(5), &cleared)]);
}

#[tokio::test]
async fn todos_are_found_by_list_stakeholder_and_day() {
    let history = household();
    let commits: Vec<_> = history.commits.iter().collect();
    let home = home().to_string();
    for (view, filter, expected) in [
        ("outstanding", ("list_id", home.as_str()), vec![9, 8]),
        ("outstanding", ("stakeholder_email", "ada@example.com"), vec![9]),
        ("scheduled", ("list_id", &home), vec![8, 9]),
        ("scheduled", ("due_date", "2026-12-01"), vec![8, 7]),
        ("scheduled", ("stakeholder_email", "ada@example.com"), vec![9]),
        ("completed", ("list_id", &home), vec![4, 5]),
        ("completed", ("stakeholder_email", "bob@example.com"), vec![]),
    ] {
        let found: Vec<_> =
            rows(view, &commits, &[filter]).await.iter().map(|row| row["todo_id"].clone()).collect();
        assert_eq!(
            found,
            expected.iter().map(|number| json!(todo(*number).id)).collect::<Vec<_>>(),
            "{view}"
        );
    }
}

#[test]
fn the_columns_stand_in_their_order() {
    let catalog = annals_domains::catalog();
    let columns =
        |view| catalog.projection(view).unwrap().shows.visible().map(|it| it.name).collect::<Vec<_>>();
    let common = ["todo_id", "title", "description", "due_date", "stakeholder_email", "list_id"];

    assert_eq!(columns("outstanding"), common);
    assert_eq!(columns("scheduled"), common);
    assert_eq!(columns("completed"), [&common[..], &["completed_on"]].concat());
}

#[test]
fn a_stakeholder_is_told_and_that_they_were_is_recorded_on_the_todo() {
    let mut history = household();
    let completed = history.accept(&todo(9), "complete", &json!({ "completed_on": "2026-11-19" }));

    let (notification, data) = notice(&history, &completed);
    let words = "Your todo item Paint the fence has been completed!";
    assert_eq!(data["reactor"], "completion-notifier");
    assert_eq!(data["to"], "ada@example.com");
    assert_eq!((&data["subject"], &data["body"]), (&json!(words), &json!(words)));

    history.accept(&notification, "request", &data);
    let failed =
        history.accept(&notification, "record-failed", &json!({ "error": "no route", "attempt": 1 }));
    let sent = history.accept(&notification, "record-sent", &json!({ "receipt": "log:1" }));
    assert_eq!(reactions(&history, &failed), []);
    let [(reactor, Outgoing::Command { stream, command, data, .. })] = &reactions(&history, &sent)[..] else {
        panic!("not one command");
    };
    assert_eq!(
        (*reactor, stream, command.as_str()),
        ("completion-notifier", &todo(9), "record-stakeholder-notified")
    );
    assert_eq!(data, &json!({ "notified_on": "2026-11-21" }));

    let recorded = history.accept(stream, command, data);
    assert_eq!(recorded.commit.events[0].kind, "StakeholderNotifiedOfTodoCompletion");
    assert_eq!(reactions(&history, &recorded), []);
}

#[test]
fn a_title_of_many_lines_makes_a_subject_of_one() {
    let mut history = History::new();
    let added = json!({ "title": "Paint\r\nBcc: eve@example.com", "stakeholder_email": "ada@example.com" });
    history.accept(&todo(1), "add", &added);
    let completed = history.accept(&todo(1), "complete", &json!({ "completed_on": "2026-11-21" }));

    let (_, data) = notice(&history, &completed);

    assert_eq!(data["subject"], "Your todo item Paint Bcc: eve@example.com has been completed!");
    assert_eq!(data["body"], "Your todo item Paint\r\nBcc: eve@example.com has been completed!");
}

#[test]
fn nobody_is_told_of_a_todo_without_stakeholder_or_of_one_that_is_given_up() {
    let mut history = household();
    let completed = history.accept(&todo(8), "complete", &json!({ "completed_on": "2026-11-21" }));
    let abandoned = history.accept(&todo(9), "abandon", &json!({ "abandoned_on": "2026-11-21" }));

    assert_eq!(reactions(&history, &completed), []);
    assert_eq!(reactions(&history, &abandoned), []);
}

#[test]
fn what_others_send_is_recorded_on_no_todo() {
    let mut history = household();
    for (number, reactor, category) in
        [(1, "welcome", "account"), (2, "welcome", "todo"), (3, "completion-notifier", "account")]
    {
        let notification = StreamId::new("notification", Uuid::from_u128(number));
        let about = json!({ "category": category, "id": account(4).id, "event_id": Uuid::nil() });
        let request = json!({
            "reactor": reactor, "channel": "log", "to": "ada@example.com", "subject": "Hello",
            "body": "Hello!", "about": about,
        });
        history.accept(&notification, "request", &request);
        let sent = history.accept(&notification, "record-sent", &json!({ "receipt": "log:1" }));
        assert_eq!(reactions(&history, &sent), [], "{reactor} about {category}");
    }
}
