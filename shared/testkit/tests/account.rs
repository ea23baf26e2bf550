//! Bank accounts, end to end.

mod bank;

use annals_testkit::{System, eventually};
use bank::{Account, position};
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn money_goes_in_and_out_and_is_seen_everywhere() {
    let system = System::start().await;
    let account = Account::open(&system).await;

    let deposited = account.deposit(250).await;
    assert_eq!(deposited["version"], 2);
    assert_eq!(deposited["events"][0]["type"], "MoneyDeposited");
    assert_eq!(deposited["events"][0]["data"], json!({ "amount": 250, "balance": 250 }));

    let withdrawn = account.withdraw(100).await.accepted();
    let row = account.balance_at(position(&withdrawn)).await.accepted();
    assert_eq!(row["balance"], 150);
    assert_eq!(row["owner_email"], "ada@example.com");
    assert_eq!(row["version"], 3);

    let statements = system.get(&format!("/v1/views/statements?account_id={}", account.id)).await.accepted();
    let movements: Vec<_> =
        statements["rows"].as_array().unwrap().iter().map(|row| (&row["kind"], &row["balance"])).collect();
    assert_eq!(movements, [(&json!("deposit"), &json!(250)), (&json!("withdrawal"), &json!(150))]);
}

#[tokio::test]
async fn what_the_rules_forbid_is_refused_and_stores_nothing() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    account.deposit(100).await;

    let refused = account.withdraw(1000).await.problem(422, "refused");
    assert_eq!(refused["reason"], "insufficient-funds");
    assert_eq!((&refused["balance"], &refused["amount"]), (&json!(100), &json!(1000)));

    let open = account.give("open", &json!({ "owner_email": "eve@example.com" })).await;
    assert_eq!(open.problem(422, "refused")["reason"], "already-open");
    assert_eq!(account.give("close", &json!({})).await.problem(422, "refused")["reason"], "not-empty");
    assert_eq!(account.events().await.len(), 2);
}

#[tokio::test]
async fn a_closed_account_is_gone_from_the_balances_and_stays_in_the_log() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    account.deposit(100).await;
    let _ = account.withdraw(100).await.accepted();
    let closed = account.give("close", &json!({})).await.accepted();

    let _ = account.balance_at(position(&closed)).await.problem(404, "not-found");
    assert_eq!(account.events().await.len(), 4);
    assert_eq!(account.withdraw(1).await.problem(422, "refused")["reason"], "not-open");
}

#[tokio::test]
async fn of_two_hundred_withdrawals_at_once_exactly_one_succeeds() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    account.deposit(1500).await;

    let answers = join_all((0..200).map(|_| account.withdraw(1000))).await;
    let (succeeded, refused): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status.is_success());
    assert_eq!((succeeded.len(), refused.len()), (1, 199));
    for answer in refused {
        assert_eq!(answer.problem(422, "refused")["reason"], "insufficient-funds");
    }

    let events = account.events().await;
    let versions: Vec<_> = events.iter().map(|event| event["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [1, 2, 3]);
    let last = position(events.last().unwrap());
    assert_eq!(account.balance_at(last).await.accepted()["balance"], 500);
}

#[tokio::test]
async fn a_thousand_writes_are_read_back_at_once() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    for n in 1..=1000_u64 {
        let written = account.deposit(1).await;
        let read = account.balance_at(position(&written)).await;
        assert!(read.header("annals-position").parse::<u64>().unwrap() >= position(&written));
        assert_eq!(read.accepted()["balance"], n);
    }
}

#[tokio::test]
async fn a_position_of_another_category_is_waited_for_too() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    let welcomes = async || {
        let page = system.get("/v1/views/notifications?status=sent").await;
        page.json["rows"].as_array().map_or(0, Vec::len)
    };
    eventually("the owner is welcomed", async || welcomes().await == 1).await;
    // Deposits move the log on, and `notifications` does not read them: it is there all the same.
    for _ in 0..1000 {
        let written = position(&account.deposit(1).await);
        let read =
            system.get("/v1/views/notifications").header("Annals-Min-Position", &written.to_string()).await;
        assert!(read.header("annals-position").parse::<u64>().unwrap() >= written, "{}", read.text);
        assert_eq!(read.accepted()["rows"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_owner_is_welcomed_once_and_a_large_withdrawal_is_noticed() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    account.deposit(5_000_000).await;
    let _ = account.withdraw(999_999).await.accepted();
    let _ = account.withdraw(1_000_000).await.accepted();

    let sent = eventually("both notices are sent", async || {
        let page = system.get("/v1/views/notifications?status=sent").await.accepted();
        let rows = page["rows"].as_array().unwrap().clone();
        (rows.len() == 2).then_some(rows)
    })
    .await;
    let to = |reactor: &str| {
        let row = sent.iter().find(|row| row["reactor"] == reactor);
        row.map(|row| row["to"].as_str().unwrap().to_owned())
    };
    assert_eq!(to("welcome").as_deref(), Some("ada@example.com"));
    assert_eq!(to("large-withdrawal").as_deref(), Some("fraud-desk"));
    assert!(sent.iter().all(|row| row["about_id"] == json!(account.id)));
}
