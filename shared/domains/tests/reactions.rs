//! What follows from what happened.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod history;

use annals_core::{Outgoing, StoredCommit, StreamId};
use history::{History, account};
use serde_json::{Value, json};

/// What each reactor does about a commit.
fn reactions(history: &History, commit: &StoredCommit) -> Vec<(&'static str, Outgoing)> {
    let outgoing = |reactor: &annals_core::Reactor| {
        let dispatches = reactor.react(commit).unwrap();
        dispatches.into_iter().map(|it| (reactor.name, it.outgoing)).collect::<Vec<_>>()
    };
    history.catalog.reactors().flat_map(outgoing).collect()
}

/// The only thing that is done about a commit: a notification is asked for.
fn notice(history: &History, commit: &StoredCommit) -> (StreamId, Value) {
    let [(_, Outgoing::Command { stream, command, data, .. })] = &reactions(history, commit)[..] else {
        panic!("not one command");
    };
    assert_eq!((stream.category.as_str(), command.as_str()), ("notification", "request"));
    history.catalog.category("notification").unwrap().check(command, data).unwrap();
    (stream.clone(), data.clone())
}

#[test]
fn the_owner_of_a_new_account_is_welcomed() {
    let mut history = History::new();
    let opened = history.accept(&account(1), "open", &json!({ "owner_email": "ada@example.com" }));

    let (_, data) = notice(&history, &opened);

    assert_eq!((&data["reactor"], &data["channel"]), (&json!("welcome"), &json!("log")));
    assert_eq!(data["to"], "ada@example.com");
    assert!(data["body"].as_str().unwrap().contains(&account(1).id.to_string()));
    let event_id = opened.commit.events[0].id;
    assert_eq!(data["about"], json!({ "category": "account", "id": account(1).id, "event_id": event_id }));
}

#[test]
fn the_fraud_desk_hears_of_large_withdrawals_only() {
    let mut history = History::new();
    history.accept(&account(1), "open", &json!({ "owner_email": "ada@example.com" }));
    let deposited = history.accept(&account(1), "deposit", &json!({ "amount": 2_000_050 }));
    let small = history.accept(&account(1), "withdraw", &json!({ "amount": 999_999 }));
    let large = history.accept(&account(1), "withdraw", &json!({ "amount": 1_000_000 }));

    assert_eq!(reactions(&history, &deposited), []);
    assert_eq!(reactions(&history, &small), []);
    let (_, data) = notice(&history, &large);
    assert_eq!((&data["reactor"], &data["to"]), (&json!("large-withdrawal"), &json!("fraud-desk")));
    assert!(data["body"].as_str().unwrap().contains("10000.00"));
}

#[test]
fn a_notification_is_delivered_when_it_is_requested() {
    let mut history = History::new();
    let opened = history.accept(&account(1), "open", &json!({ "owner_email": "ada@example.com" }));
    let (stream, data) = notice(&history, &opened);

    let requested = history.accept(&stream, "request", &data);
    let failed = history.accept(&stream, "record-failed", &json!({ "error": "no route", "attempt": 1 }));
    let sent = history.accept(&stream, "record-sent", &json!({ "receipt": "log:1" }));

    assert_eq!(reactions(&history, &requested), [("delivery", Outgoing::Deliver)]);
    assert_eq!(reactions(&history, &failed), []);
    assert_eq!(reactions(&history, &sent), []);
}
