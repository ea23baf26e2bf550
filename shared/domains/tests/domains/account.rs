//! Bank accounts: what is shown of them, and what follows.

use std::collections::BTreeMap;

use annals_core::StreamId;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kit::{History, Order, after, events, notice, reactions, rows, shown, time};

pub fn account(number: u128) -> StreamId {
    StreamId::new("account", Uuid::from_u128(number))
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

#[tokio::test]
async fn balances_are_those_of_open_accounts_and_the_oldest_comes_first() {
    let row = |stream: StreamId, owner: &str, balance, version, opened: u64| {
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
    let row = |stream: StreamId, version, kind: &str, (amount, balance): (u64, u64), recorded: u64| {
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

fn order() -> impl Strategy<Value = Order> {
    let command = prop_oneof![
        1 => Just(("open", json!({ "owner_email": "ada@example.com" }))),
        3 => (1_i64..1000).prop_map(|amount| ("deposit", json!({ "amount": amount }))),
        3 => (1_i64..1000).prop_map(|amount| ("withdraw", json!({ "amount": amount }))),
        1 => Just(("close", json!({}))),
    ];
    (1_u128..4, command).prop_map(|(number, (command, data))| Order {
        stream: account(number),
        command,
        data,
    })
}

/// The balance of every open account, by adding and taking away.
fn balances_by_hand(history: &History) -> BTreeMap<String, i64> {
    let mut balances = BTreeMap::new();
    for (_, stream, kind, data) in events(history) {
        let balance: &mut i64 = balances.entry(stream.id.to_string()).or_default();
        match kind {
            "MoneyDeposited" => *balance += data["amount"].as_i64().unwrap(),
            "MoneyWithdrawn" => *balance -= data["amount"].as_i64().unwrap(),
            "AccountClosed" => drop(balances.remove(&stream.id.to_string())),
            _ => {}
        }
    }
    balances
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn balances_and_statements_are_what_adding_up_gives(orders in prop::collection::vec(order(), 0..40)) {
        let history = after(orders);
        let once: Vec<_> = history.commits.iter().collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let shown = runtime.block_on(rows("balances", &once, &[]));
        let shown = shown.iter().map(|row| (row["account_id"].as_str().unwrap().to_owned(), row["balance"].as_i64().unwrap()));
        let by_hand = balances_by_hand(&history);
        prop_assert!(by_hand.values().all(|balance| *balance >= 0));
        prop_assert_eq!(shown.collect::<BTreeMap<_, _>>(), by_hand);

        let movement = |kind: &str| kind.starts_with("Money");
        let moved = events(&history).filter(|(_, _, kind, _)| movement(kind)).map(|(_, _, _, data)| data["amount"].clone());
        let statements = runtime.block_on(rows("statements", &once, &[]));
        let mut stated: Vec<Value> = statements.iter().map(|row| row["amount"].clone()).collect();
        let mut moved: Vec<Value> = moved.collect();
        for amounts in [&mut stated, &mut moved] {
            amounts.sort_by_key(Value::as_i64);
        }
        prop_assert_eq!(stated, moved);
    }
}
