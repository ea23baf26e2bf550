//! Transfers: the steps, and what is shown of them.

mod books;
mod simulation;

use annals_core::StreamId;
use serde_json::json;
use uuid::Uuid;

use crate::{
    account::account,
    kit::{Chores, History, events, rows, shown, time},
};

pub fn transfer(number: u128) -> StreamId {
    StreamId::new("transfer", Uuid::from_u128(number))
}

/// Ada has 500 and Bob nothing. Account 3 was closed, and account 4 never opened.
fn bank() -> History {
    let mut history = History::new();
    for number in [1, 2, 3] {
        history.accept(&account(number), "open", &json!({ "owner_email": "ada@example.com" }));
    }
    history.accept(&account(1), "deposit", &json!({ "amount": 500 }));
    history.accept(&account(3), "close", &json!({}));
    history
}

/// Asks for a transfer, and does all that follows. What happened, in order.
fn made(history: &mut History, number: u128, from: u128, to: u128, amount: u64) -> Vec<String> {
    let before = history.commits.len() as u64;
    let data = json!({ "from": account(from).id, "to": account(to).id, "amount": amount });
    let requested = history.accept(&transfer(number), "request", &data);
    let mut chores = Chores::of("transfer");
    chores.follow(history, &requested);
    while !chores.due.is_empty() {
        assert_eq!(chores.due.len(), 1, "one step at a time");
        chores.carry_out(history, 0);
    }
    let after = events(history).filter(|(position, ..)| *position > before);
    after.map(|(_, stream, kind, _)| format!("{} {kind}", stream.category)).collect()
}

#[test]
fn a_transfer_takes_six_steps() {
    assert_eq!(
        made(&mut bank(), 1, 1, 2, 60),
        [
            "transfer TransferRequested",
            "account TransferDebited",
            "transfer DebitRecorded",
            "account TransferCredited",
            "transfer TransferCompleted",
            "account TransferSettled",
        ]
    );
}

#[test]
fn a_transfer_that_cannot_be_paid_is_refused() {
    for (from, amount) in [(1, 501), (3, 1), (4, 1)] {
        assert_eq!(
            made(&mut bank(), 1, from, 2, amount),
            ["transfer TransferRequested", "account TransferDebitDeclined", "transfer TransferRefused"]
        );
    }
}

#[test]
fn what_the_payee_cannot_take_goes_back() {
    for to in [3, 4] {
        assert_eq!(
            made(&mut bank(), 1, 1, to, 60),
            [
                "transfer TransferRequested",
                "account TransferDebited",
                "transfer DebitRecorded",
                "account TransferCreditDeclined",
                "transfer CreditDeclineRecorded",
                "account TransferReturned",
                "transfer TransferRefused",
            ]
        );
    }
}

/// One that was completed, one that could not be paid, one that came back, and one that has just begun.
fn history() -> History {
    let mut history = bank();
    made(&mut history, 7, 1, 2, 60); // from position 6
    made(&mut history, 9, 2, 1, 61); // 12
    made(&mut history, 8, 1, 4, 40); // 15
    let data = json!({ "from": account(2).id, "to": account(1).id, "amount": 5 });
    history.accept(&transfer(6), "request", &data); // 22
    history
}

#[tokio::test]
async fn transfers_show_how_far_they_came_and_the_newest_comes_first() {
    let row = |number, from, to, amount: u64, status: &str, reason: Option<&str>, (from_time, until)| {
        json!({
            "transfer_id": transfer(number).id, "from": account(from).id, "to": account(to).id,
            "amount": amount, "status": status, "reason": reason, "requested_at": time(from_time),
            "settled_at": Option::map(until, time),
        })
    };
    assert_eq!(
        shown("transfers", &history()).await,
        [
            row(6, 2, 1, 5, "pending", None, (22, None)),
            row(8, 1, 4, 40, "refused", Some("not-open"), (15, Some(21))),
            row(9, 2, 1, 61, "refused", Some("insufficient-funds"), (12, Some(14))),
            row(7, 1, 2, 60, "completed", None, (6, Some(10))),
        ]
    );
}

#[tokio::test]
async fn transfers_are_found_by_status_payer_and_payee() {
    let history = history();
    let commits: Vec<_> = history.commits.iter().collect();
    for (filter, value, found) in [
        ("status", "refused".to_owned(), vec![8, 9]),
        ("from", account(1).id.to_string(), vec![8, 7]),
        ("to", account(1).id.to_string(), vec![6, 9]),
    ] {
        let rows = rows("transfers", &commits, &[(filter, &value)]).await;
        let ids: Vec<_> = rows.iter().map(|row| row["transfer_id"].clone()).collect();
        assert_eq!(
            ids,
            found.iter().map(|number| json!(transfer(*number).id)).collect::<Vec<_>>(),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn movements_of_transfers_stand_in_the_statements() {
    let row = |number, version, kind: &str, (amount, balance): (u64, u64), recorded: u64| {
        json!({
            "account_id": account(number).id, "version": version, "kind": kind, "amount": amount,
            "balance": balance, "recorded_at": time(recorded),
        })
    };
    assert_eq!(
        shown("statements", &history()).await,
        [
            row(1, 2, "deposit", (500, 500), 4),
            row(1, 3, "transfer-out", (60, 440), 7),
            row(1, 5, "transfer-out", (40, 400), 16),
            row(1, 6, "transfer-returned", (40, 440), 20),
            row(2, 2, "transfer-in", (60, 60), 9),
        ]
    );
}

#[tokio::test]
async fn balances_follow_whatever_happens_to_an_account() {
    let rows = shown("balances", &history()).await;
    let brief: Vec<_> =
        rows.iter().map(|row| (&row["account_id"], &row["balance"], &row["version"])).collect();
    let [ada, bob] = [1, 2].map(|number| json!(account(number).id));
    assert_eq!(brief, [(&ada, &json!(440), &json!(6)), (&bob, &json!(60), &json!(3))]);
}
