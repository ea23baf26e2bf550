//! The HTTP contract, end to end: repeats, preconditions, time travel, pages.

mod bank;

use annals_testkit::System;
use bank::{Account, position};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

#[tokio::test]
async fn a_repeat_with_the_same_key_has_one_effect() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    let deposit =
        |amount: u64| account.give("deposit", &json!({ "amount": amount })).header("Idempotency-Key", "k-1");

    let first = deposit(100).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    account.deposit(7).await;
    let again = deposit(100).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.accepted(), first.accepted());

    let _ = deposit(101).await.problem(422, "idempotency-key-reused");
    assert_eq!(account.events().await.len(), 3);

    let other = Account::open(&system).await;
    let elsewhere = other.give("deposit", &json!({ "amount": 100 })).header("Idempotency-Key", "k-1").await;
    assert_eq!(elsewhere.header("idempotency-replayed"), "", "on another account it is another command");
}

#[tokio::test]
async fn fifty_repeats_at_once_have_one_effect() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    let repeats = (0..50).map(|_| async {
        let deposit = account.give("deposit", &json!({ "amount": 5 }));
        deposit.header("Idempotency-Key", "\"the-one\"").header("If-Match", "\"1\"").await.accepted()
    });
    let answers = join_all(repeats).await;

    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(account.events().await.len(), 2);
}

#[tokio::test]
async fn preconditions_guard_the_version() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    let deposit = || account.give("deposit", &json!({ "amount": 1 }));

    let mismatch = deposit().header("If-Match", "\"7\"").await;
    assert_eq!(mismatch.header("etag"), "\"1\"");
    assert_eq!(mismatch.problem(412, "version-mismatch")["version"], 1);
    let _ = deposit().header("If-None-Match", "*").await.problem(412, "version-mismatch");
    let _ = deposit().header("If-Match", "1").await.problem(400, "invalid-header");

    let accepted = deposit().header("If-Match", "\"1\"").await;
    assert_eq!((accepted.status.as_u16(), accepted.header("etag")), (200, "\"2\""));
    assert_eq!(accepted.header("annals-position"), position(&accepted.json).to_string());
}

#[tokio::test]
async fn one_door_draws_the_id_for_a_command_that_creates() {
    let system = System::start().await;
    let correlation = Uuid::new_v4();
    let body = json!({
        "command": "account.open",
        "data": { "owner_email": "ada@example.com" },
        "metadata": { "why": "a test", "try": 1 },
    });
    let opened =
        system.post("/v1/commands", &body).header("X-Correlation-Id", &correlation.to_string()).await;
    assert_eq!(opened.status, 201);
    let id = opened.json["id"].as_str().unwrap().to_owned();
    assert_eq!(opened.header("location"), format!("/v1/streams/account/{id}"));
    let event = &opened.json["events"][0];
    assert_eq!(event["metadata"], json!({ "why": "a test", "try": 1 }));
    assert_eq!(event["correlation_id"], json!(correlation));
    assert_eq!(event["causation_id"], opened.json["command_id"]);

    let deposit =
        system.post("/v1/commands", &json!({ "command": "account.deposit", "data": { "amount": 1 } })).await;
    let _ = deposit.problem(400, "invalid-id");
    let deposit = json!({ "command": "account.deposit", "id": id.to_uppercase(), "data": { "amount": 1 } });
    assert_eq!(system.post("/v1/commands", &deposit).await.accepted()["id"], json!(id));
}

#[tokio::test]
async fn the_past_can_be_visited() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    account.deposit(250).await;
    let _ = account.withdraw(100).await.accepted();
    let state =
        async |query: &str| system.get(&format!("/v1/streams/account/{}/state{query}", account.id)).await;

    assert_eq!(state("").await.accepted()["state"]["balance"], 150);
    assert_eq!(state("?version=2").await.accepted()["state"]["balance"], 250);
    let events = account.events().await;
    let when = events[1]["recorded_at"].as_str().unwrap();
    let then = state(&format!("?at={when}")).await.accepted();
    assert_eq!((&then["version"], &then["state"]["balance"]), (&json!(2), &json!(250)));

    for beyond in ["?version=0", "?version=4", "?at=2000-01-01T00:00:00Z"] {
        let _ = state(beyond).await.problem(404, "not-found");
    }
    let since = system.get(&format!("/v1/streams/account/{}?since={when}", account.id)).await.accepted();
    assert_eq!(since["events"].as_array().unwrap().len(), 1);
    assert_eq!(since["version"], 3);
}

#[tokio::test]
async fn pages_of_streams_views_and_the_log_leave_nothing_out() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    let mut last = Value::Null;
    for _ in 0..24 {
        last = account.deposit(1).await;
    }
    let _ = account.balance_at(position(&last)).await.accepted();

    let mut versions = Vec::new();
    let mut after = Some(0);
    while let Some(version) = after {
        let path = format!("/v1/streams/account/{}?after={version}&limit=10", account.id);
        let page = system.get(&path).await.accepted();
        versions.extend(
            page["events"].as_array().unwrap().iter().map(|event| event["version"].as_u64().unwrap()),
        );
        after = page["next"].as_u64();
    }
    assert_eq!(versions, (1..=25).collect::<Vec<_>>());

    let statements = format!("/v1/views/statements?account_id={}&limit=10", account.id);
    let (mut movements, mut cursor) = (0, Some(String::new()));
    while let Some(place) = cursor {
        let page = system
            .get(&format!("{statements}{place}"))
            .header("Annals-Min-Position", &position(&last).to_string());
        let page = page.await.accepted();
        movements += page["rows"].as_array().unwrap().len();
        cursor = page["next"].as_str().map(|next| format!("&cursor={next}"));
    }
    assert_eq!(movements, 24);

    let (mut seen, mut after) = (0, "0".to_owned());
    let end = loop {
        let page =
            system.get(&format!("/v1/events?after={after}&limit=7&type=MoneyDeposited")).await.accepted();
        seen += page["events"].as_array().unwrap().len();
        if page["end"] == true {
            break page["next"].clone();
        }
        after = page["next"].as_str().map_or_else(|| page["next"].to_string(), Into::into);
    };
    assert_eq!(seen, 24);
    assert!(end.as_u64().unwrap() >= position(&last), "the filter does not hide the end");
}

#[tokio::test]
async fn the_system_says_how_it_is() {
    let system = System::start().await;
    assert_eq!(system.get("/livez").await.status, 200);
    let ready = system.get("/readyz").await.accepted();
    assert_eq!((&ready["ready"], &ready["durable"]), (&json!(true), &json!(true)));

    Account::open(&system).await;
    let metrics = system.get("/metrics").await;
    for name in ["annals_commands_total{", "annals_http_requests_in_flight 0", "annals_http_connections 1"] {
        assert!(metrics.text.contains(name), "{name}: {}", metrics.text);
    }

    let views = system.get("/v1/views").await.accepted();
    let views = views["views"].as_array().unwrap();
    assert!(views.iter().any(|view| view["name"] == "balances"), "{views:?}");
    assert!(views.iter().all(|view| view["state"] == "live"), "{views:?}");
}

#[tokio::test]
async fn a_position_beyond_the_log_is_an_error_of_the_reader() {
    let system = System::start().await;
    let account = Account::open(&system).await;
    let _ = account.balance_at(1_000_000).await.problem(400, "invalid-header");
}
