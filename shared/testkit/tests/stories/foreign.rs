//! Messages that do not belong to the log.

use annals_testkit::{System, raw};
use serde_json::Value;

use crate::bank::{Account, position};

/// The position at which it is stored.
async fn publish(system: &System, subject: &str, body: &str) -> u64 {
    let stored = raw(&system.nats_url(), subject, body).await;
    serde_json::from_str::<Value>(&stored).unwrap()["seq"].as_u64().unwrap()
}

#[tokio::test]
async fn what_others_publish_is_skipped_and_holds_nothing_up() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    let an_event = system.get("/v1/events?limit=1").await.accepted()["events"].to_string();
    for (subject, body) in
        [("events.main", "poison"), ("events.other", ""), ("events.main", &an_event), ("events.main", "[]")]
    {
        let foreign = publish(&system, subject, body).await;
        let deposited = account.deposit(5).await;
        assert!(position(&deposited) > foreign);
        assert_eq!(
            account.balance_at(position(&deposited)).await.accepted()["version"],
            deposited["version"]
        );
        let welcomed = system.get("/v1/reactors/welcome").header("Prefer", "wait=30");
        let welcomed = welcomed.header("Annals-Min-Position", &position(&deposited).to_string()).await;
        assert_eq!(welcomed.accepted()["state"], "live");
    }
    let versions: Vec<_> = account.events().await.iter().map(|event| event["version"].clone()).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5]);
    let all = system.get("/v1/events?limit=500&category=account").await.accepted();
    assert_eq!(all["events"].as_array().unwrap().len(), 5);
}
