//! What is shown of what happened, in real files. However often it is delivered, the rows are the same.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod history;

use annals_core::{StoredCommit, StreamId};
use annals_sqlite::{Checkpoint, Directory, View};
use history::{History, account};
use serde_json::{Value, json};
use uuid::Uuid;

/// The rows of a view after these deliveries, of which some may be repeats.
async fn rows(view: &str, deliveries: &[&StoredCommit], filters: &[(&str, &str)]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let catalog = annals_domains::catalog();
    let projection = catalog.projection(view).unwrap();
    let view = View::open(&directory, projection).await.unwrap();
    for stored in deliveries {
        let checkpoint = Checkpoint { position: stored.position, commit_id: Some(stored.commit.id) };
        view.apply(&projection.project(stored).unwrap(), checkpoint).await.unwrap();
    }
    view.mark_reached_end().await.unwrap();

    let filters: Vec<_> = filters.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (_, page) = view.rows(&filters, 500, None).await.unwrap();
    view.close().await;
    page.rows.iter().map(|row| serde_json::from_str(row.get()).unwrap()).collect()
}

/// The rows of a view, which are the same if every commit comes twice, or everything up to some
/// commit comes again after it.
async fn shown(view: &str, history: &History) -> Vec<Value> {
    let once: Vec<_> = history.commits.iter().collect();
    let shown = rows(view, &once, &[]).await;

    let each_twice: Vec<_> = once.iter().flat_map(|commit| [*commit, *commit]).collect();
    assert_eq!(rows(view, &each_twice, &[]).await, shown, "each commit twice");
    for prefix in 1..=once.len() {
        let again = [&once[..prefix], &once].concat();
        assert_eq!(rows(view, &again, &[]).await, shown, "the first {prefix} again");
    }
    shown
}

/// Ada moves money; Bob closes his account at once; Cy opens one that shares Ada's address.
fn bank() -> History {
    let mut history = History::new();
    let owner = |address: &str| json!({ "owner_email": address });
    history.accept(&account(9), "open", &owner("ada@example.com"));
    history.accept(&account(2), "open", &owner("bob@example.com"));
    history.accept(&account(9), "deposit", &json!({ "amount": 500 }));
    history.accept(&account(9), "withdraw", &json!({ "amount": 120 }));
    history.accept(&account(2), "close", &json!({}));
    history.accept(&account(1), "open", &owner("cy@example.com"));
    history.accept(&account(1), "deposit", &json!({ "amount": 7 }));
    history
}

fn time(position: u32) -> String {
    format!("2026-11-21T09:30:{position:02}.000000Z")
}

#[tokio::test]
async fn balances_are_those_of_open_accounts_and_the_oldest_comes_first() {
    let row = |stream: StreamId, owner: &str, balance, version, opened: u32| {
        json!({
            "account_id": stream.id, "owner_email": owner, "balance": balance, "version": version,
            "opened_at": time(opened),
        })
    };
    let ada = row(account(9), "ada@example.com", 380, 3, 1);
    let cy = row(account(1), "cy@example.com", 7, 2, 6);

    assert_eq!(shown("balances", &bank()).await, [ada, cy]);
}

#[tokio::test]
async fn balances_are_found_by_owner() {
    let history = bank();
    let commits: Vec<_> = history.commits.iter().collect();

    let found = rows("balances", &commits, &[("owner_email", "cy@example.com")]).await;

    assert_eq!(found.iter().map(|row| &row["balance"]).collect::<Vec<_>>(), [7]);
}

#[tokio::test]
async fn statements_are_the_movements_of_every_account_in_order() {
    let row = |stream: StreamId, version, kind: &str, (amount, balance): (u64, u64), recorded: u32| {
        json!({
            "account_id": stream.id, "version": version, "kind": kind, "amount": amount,
            "balance": balance, "recorded_at": time(recorded),
        })
    };

    assert_eq!(
        shown("statements", &bank()).await,
        [
            row(account(1), 2, "deposit", (7, 7), 7),
            row(account(9), 2, "deposit", (500, 500), 3),
            row(account(9), 3, "withdrawal", (120, 380), 4),
        ]
    );
}

#[tokio::test]
async fn notifications_show_how_far_they_came_and_the_newest_comes_first() {
    let mut history = History::new();
    let [sent, abandoned, failed, waiting] = [1, 2, 3, 4].map(|number| {
        let stream = StreamId::new("notification", Uuid::from_u128(number));
        let about = json!({ "category": "account", "id": account(5).id, "event_id": Uuid::nil() });
        let request = json!({
            "reactor": "welcome", "channel": "log", "to": "ada@example.com", "subject": "Welcome",
            "body": "Your account is open.", "about": about,
        });
        history.accept(&stream, "request", &request);
        stream
    });
    for (stream, attempt) in [(&sent, 1), (&abandoned, 1), (&failed, 1), (&abandoned, 2)] {
        history.accept(stream, "record-failed", &json!({ "error": "no route", "attempt": attempt }));
    }
    history.accept(&sent, "record-sent", &json!({ "receipt": "log:1" }));
    history.accept(&abandoned, "abandon", &json!({}));

    let row = |stream: &StreamId, requested: u32, status: &str, attempts, settled: Option<u32>| {
        json!({
            "notification_id": stream.id, "reactor": "welcome", "channel": "log", "to": "ada@example.com",
            "subject": "Welcome", "body": "Your account is open.", "status": status, "attempts": attempts,
            "requested_at": time(requested), "settled_at": settled.map(time),
            "about_category": "account", "about_id": account(5).id,
        })
    };
    assert_eq!(
        shown("notifications", &history).await,
        [
            row(&waiting, 4, "requested", 0, None),
            row(&failed, 3, "failed", 1, None),
            row(&abandoned, 2, "abandoned", 2, Some(10)),
            row(&sent, 1, "sent", 2, Some(9)),
        ]
    );
}
