//! Money goes from one account to another.

use annals_testkit::{Answer, System, eventually};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bank::{Account, position};

/// Asks for a transfer.
async fn request(system: &System, id: Uuid, from: Uuid, to: Uuid, amount: u64) -> Answer {
    let path = format!("/v1/commands/transfer/{id}/request");
    system.post(&path, &json!({ "from": from, "to": to, "amount": amount })).await
}

/// Makes a transfer: its row, once it has ended.
async fn transfer(system: &System, from: Uuid, to: Uuid, amount: u64) -> Value {
    let id = Uuid::new_v4();
    let requested = request(system, id, from, to, amount).await;
    assert_eq!(requested.status, 201, "{}", requested.text);
    let after = position(&requested.json).to_string();
    eventually("the transfer has ended", async || {
        let call = system.get(&format!("/v1/views/transfers/{id}")).header("Annals-Min-Position", &after);
        let answer = call.await; // perhaps that the view is not there yet
        (answer.status == 200 && answer.json["status"] != "pending").then_some(answer.json)
    })
    .await
}

/// Where the account's stream ends.
async fn last_position(account: &Account<'_>) -> u64 {
    position(account.events().await.last().expect("it was opened"))
}

/// What the account holds.
async fn balance(account: &Account<'_>) -> Value {
    let row = account.balance_at(last_position(account).await).await.accepted();
    row["balance"].clone()
}

/// What its statement lists: kinds and amounts.
async fn statement(account: &Account<'_>) -> Vec<(Value, Value)> {
    let path = format!("/v1/views/statements?account_id={}", account.id);
    let call =
        account.system.get(&path).header("Annals-Min-Position", &last_position(account).await.to_string());
    let rows = call.await.accepted()["rows"].as_array().expect("a page has rows").clone();
    rows.iter().map(|row| (row["kind"].clone(), row["amount"].clone())).collect()
}

/// The types of a stream's events.
async fn history(system: &System, stream: &str) -> Vec<String> {
    let body = system.get(&format!("/v1/streams/{stream}")).await.accepted();
    let events = body["events"].as_array().expect("a stream has events").iter();
    events.map(|event| event["type"].as_str().expect("an event has a type").to_owned()).collect()
}

#[tokio::test]
async fn money_goes_from_one_account_to_another() {
    let system = System::start().await;
    let (ada, bob) = (Account::open(&system).await, Account::open(&system).await);
    ada.deposit(500).await;

    let row = transfer(&system, ada.id, bob.id, 120).await;
    assert_eq!((&row["status"], &row["reason"]), (&json!("completed"), &Value::Null));
    assert_eq!((&row["from"], &row["to"], &row["amount"]), (&json!(ada.id), &json!(bob.id), &json!(120)));
    assert!(row["settled_at"].as_str() > row["requested_at"].as_str(), "{row}");

    assert_eq!((balance(&ada).await, balance(&bob).await), (json!(380), json!(120)));
    assert_eq!(statement(&ada).await, [(json!("deposit"), json!(500)), (json!("transfer-out"), json!(120))]);
    assert_eq!(statement(&bob).await, [(json!("transfer-in"), json!(120))]);

    let id = row["transfer_id"].as_str().unwrap();
    assert_eq!(
        history(&system, &format!("transfer/{id}")).await,
        ["TransferRequested", "DebitRecorded", "TransferCompleted"]
    );
    eventually("the debit is settled, and the account may close", async || {
        history(&system, &format!("account/{}", ada.id)).await.ends_with(&["TransferSettled".to_owned()])
    })
    .await;
    let _ = ada.withdraw(380).await.accepted();
    let _ = ada.give("close", &json!({})).await.accepted();
}

#[tokio::test]
async fn a_transfer_that_cannot_be_made_leaves_the_money_where_it_was() {
    let system = System::start().await;
    let (ada, bob) = (Account::open(&system).await, Account::open(&system).await);
    let nobody = Uuid::new_v4();
    ada.deposit(100).await;

    for (from, to, amount, reason) in [
        (ada.id, bob.id, 101, "insufficient-funds"),
        (nobody, bob.id, 1, "not-open"),
        (ada.id, nobody, 60, "not-open"),
    ] {
        let row = transfer(&system, from, to, amount).await;
        assert_eq!((&row["status"], &row["reason"]), (&json!("refused"), &json!(reason)), "{row}");
    }
    assert_eq!((balance(&ada).await, balance(&bob).await), (json!(100), json!(0)));

    let refused = system.get("/v1/views/transfers?status=refused").await.accepted();
    let amounts: Vec<_> = refused["rows"].as_array().unwrap().iter().map(|row| &row["amount"]).collect();
    assert_eq!(amounts, [60, 1, 101], "the newest comes first");
}

#[tokio::test]
async fn a_transfer_is_requested_once_and_between_two_accounts() {
    let system = System::start().await;
    let (ada, bob, id) = (Account::open(&system).await, Account::open(&system).await, Uuid::new_v4());

    let same = request(&system, id, ada.id, ada.id, 1).await.problem(422, "refused");
    assert_eq!(same["reason"], "same-account");
    let _ = request(&system, id, ada.id, bob.id, 1).await.accepted();
    let again = request(&system, id, bob.id, ada.id, 1).await.problem(422, "refused");
    assert_eq!(again["reason"], "already-requested");
}

#[tokio::test]
async fn the_steps_of_the_process_are_not_asked_over_http() {
    let system = System::start().await;
    let ada = Account::open(&system).await;
    ada.deposit(100).await;

    let debit = json!({ "transfer_id": Uuid::new_v4(), "amount": 1 });
    let _ = ada.give("debit-for-transfer", &debit).await.problem(404, "unknown-command");
    let record = format!("/v1/commands/transfer/{}/record-debited", Uuid::new_v4());
    let _ = system.post(&record, &json!({})).await.problem(404, "unknown-command");
    assert_eq!(ada.events().await.len(), 2);
}
