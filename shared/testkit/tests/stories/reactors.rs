//! Reactors say how far they are.

use annals_testkit::{System, append, eventually};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// Opens an account, and says where that stands in the log.
async fn open(system: &System) -> u64 {
    let path = format!("/v1/commands/account/{}/open", Uuid::new_v4());
    let opened = system.post(&path, &json!({ "owner_email": "ada@example.com" })).await.accepted();
    opened["position"].as_u64().unwrap()
}

async fn settled(system: &System, reactor: &str, position: u64) -> Value {
    let answer = system
        .get(&format!("/v1/reactors/{reactor}"))
        .header("Annals-Min-Position", &position.to_string())
        .header("Prefer", "wait=30")
        .await;
    assert_eq!(answer.header("annals-position"), answer.json["position"].to_string(), "{}", answer.text);
    answer.accepted()
}

#[tokio::test]
async fn a_client_can_wait_until_a_welcome_is_settled() {
    let system = System::start().await;
    for _ in 0..20 {
        let opened = open(&system).await;
        let welcome = settled(&system, "welcome", opened).await;
        assert!(welcome["position"].as_u64().unwrap() >= opened, "{welcome}");

        let log =
            system.get(&format!("/v1/events?after={opened}&type=NotificationRequested")).await.accepted();
        assert_eq!(log["events"].as_array().unwrap().len(), 1, "it is in the log");
        // Everybody else has nothing to do with it, or has done it.
        for reactor in ["delivery", "large-withdrawal"] {
            settled(&system, reactor, log["next"].as_u64().unwrap()).await;
        }
    }

    let end = system.get("/v1/events?limit=500").await.accepted()["next"].clone();
    for name in ["delivery", "large-withdrawal", "welcome"] {
        let one = json!({
            "name": name, "position": end, "lag_events": 0, "lag_seconds": 0.0, "retries": 0, "state": "live",
        });
        eventually("it is at the end of the log", async || {
            let listed = system.get("/v1/reactors").await.accepted();
            let it = listed["reactors"].as_array().unwrap().iter().find(|it| it["name"] == name).cloned();
            it.unwrap() == one && system.get(&format!("/v1/reactors/{name}")).await.accepted() == one
        })
        .await;
    }
}

#[tokio::test]
async fn a_position_beyond_the_log_is_waited_for_by_no_reactor() {
    let system = System::start().await;
    let reactor = |name: &str, position: &str| {
        system.get(&format!("/v1/reactors/{name}")).header("Annals-Min-Position", position)
    };
    let end = open(&system).await;
    let beyond = reactor("welcome", &(end + 1_000_000).to_string()).await.problem(400, "invalid-header");
    assert!(beyond["detail"].as_str().unwrap().contains("beyond the end of the log"), "{beyond}");
    let _ = reactor("welcome", "soon").await.problem(400, "invalid-header");
    let unknown = reactor("farewell", "1").await.problem(404, "not-found");
    assert!(unknown["known"].as_array().unwrap().contains(&json!("welcome")), "{unknown}");
}

/// An account was opened, and nobody knows for whom.
fn unreadable(account: Uuid) -> Value {
    let command = Uuid::now_v7();
    json!([{
        "specversion": "1.0", "id": Uuid::from_u128(command.as_u128() ^ 1), "source": format!("account/{account}"),
        "type": "AccountOpened", "time": format!("{:.6}", Timestamp::now()), "version": 1, "commandid": command,
        "fingerprint": "0".repeat(32), "data": {},
    }])
}

#[tokio::test]
async fn a_reactor_that_is_stuck_is_degraded_and_goes_on_with_what_is_not_in_the_way() {
    let system = System::start().await;
    let before = open(&system).await;
    settled(&system, "welcome", before).await;
    let poison = append(&system.nats_url(), &unreadable(Uuid::new_v4())).await;

    let degraded = eventually("it is tried again", async || {
        let status = system.get("/v1/reactors/welcome").await.accepted();
        (status["state"] == "degraded" && status["retries"] == 1).then_some(status)
    })
    .await;
    assert_eq!(degraded["position"], poison - 1);
    let opened = open(&system).await;
    eventually("others are welcomed all the same", async || {
        let log = system.get(&format!("/v1/events?after={opened}&type=NotificationSent")).await.accepted();
        !log["events"].as_array().unwrap().is_empty()
    })
    .await;

    let behind = system.get("/v1/reactors/welcome").header("Annals-Min-Position", &opened.to_string());
    let behind = behind.header("Prefer", "wait=0").await.problem(503, "projection-behind");
    assert_eq!((&behind["position"], &behind["wanted"]), (&json!(poison - 1), &json!(opened)));
    assert_eq!(system.get("/v1/reactors/delivery").await.accepted()["state"], "live", "it reads no accounts");
    assert_eq!(system.get("/readyz").await.status, 200, "the others serve");
}
