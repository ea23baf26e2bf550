//! Commands that the client does not wait for.

use std::collections::BTreeSet;

use annals_testkit::{Answer, Call, System, eventually};
use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

fn path(account: Uuid, command: &str) -> String {
    format!("/v1/commands/account/{account}/{command}")
}

/// Gives a command without waiting for it.
fn later(system: &System, account: Uuid, command: &str, data: &Value) -> Call {
    system.post(&path(account, command), data).header("Prefer", "respond-async")
}

/// The id of a command that was taken.
fn taken(answer: Answer) -> Uuid {
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.header("preference-applied"), "respond-async");
    let id: Uuid = answer.json["command_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(answer.header("location"), format!("/v1/commands/{id}"));
    let (replayed, told) = (answer.header("idempotency-replayed") == "true", answer.accepted());
    let state = if replayed && told["state"] == "succeeded" { "succeeded" } else { "pending" };
    assert_eq!(told, json!({ "command_id": id, "state": state }));
    id
}

/// What became of it.
async fn outcome(system: &System, command: Uuid) -> Value {
    eventually("it has an outcome", async || {
        let answer = system.get(&format!("/v1/commands/{command}")).await;
        let pending = answer.json["state"] == "pending";
        assert_eq!(pending, answer.header("retry-after") == "1");
        let told = answer.accepted();
        assert_eq!(told["command_id"], json!(command));
        (!pending).then_some(told)
    })
    .await
}

async fn open(system: &System) -> Uuid {
    let account = Uuid::new_v4();
    let _ =
        system.post(&path(account, "open"), &json!({ "owner_email": "ada@example.com" })).await.accepted();
    account
}

#[tokio::test]
async fn a_command_is_carried_out_later_and_its_outcome_is_what_the_client_would_have_been_told() {
    let system = System::start().await;
    let (account, correlation) = (Uuid::new_v4(), Uuid::new_v4());
    let body = json!({ "command": "account.open", "id": account,
        "data": { "owner_email": "ada@example.com" }, "metadata": { "why": "a whim" } });
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let given = system.post("/v1/commands", &body).header("Prefer", "respond-async, wait=5");
    let given = given.header("X-Correlation-Id", &correlation.to_string()).header("traceparent", trace).await;
    assert_eq!(given.header("x-correlation-id"), correlation.to_string());
    let command = taken(given);

    let told = outcome(&system, command).await;
    assert_eq!((&told["state"], &told["problem"]), (&json!("succeeded"), &Value::Null));
    let stream = system.get(&format!("/v1/streams/account/{account}")).await.accepted();
    assert_eq!(told["result"]["events"], stream["events"]);
    assert_eq!((&told["result"]["command_id"], &told["result"]["version"]), (&json!(command), &json!(1)));
    let event = &stream["events"][0];
    assert_eq!(event["correlation_id"], json!(correlation));
    assert_eq!(event["causation_id"], json!(command));
    assert_eq!(event["metadata"], json!({ "why": "a whim" }));
}

#[tokio::test]
async fn a_no_is_an_outcome_with_the_problem_that_the_client_would_have_been_told() {
    let system = System::start().await;
    let account = open(&system).await;
    let much = json!({ "amount": 100 });
    let refused = taken(later(&system, account, "withdraw", &much).await);
    let mismatched = taken(later(&system, account, "deposit", &much).header("If-Match", "\"7\"").await);
    let not_new = taken(later(&system, account, "deposit", &much).header("If-None-Match", "*").await);

    let told = outcome(&system, refused).await;
    let mut at_once = system.post(&path(account, "withdraw"), &much).await.problem(422, "refused");
    at_once["instance"] = json!(format!("/v1/commands/{refused}"));
    assert_eq!(told, json!({ "command_id": refused, "state": "refused", "problem": at_once }));
    for failed in [mismatched, not_new] {
        let told = outcome(&system, failed).await;
        assert_eq!(
            (&told["state"], &told["problem"]["code"]),
            (&json!("refused"), &json!("version-mismatch"))
        );
        assert_eq!(told["problem"]["version"], 1);
    }
    assert_eq!(system.get(&format!("/v1/streams/account/{account}")).await.accepted()["version"], 1);
}

#[tokio::test]
async fn what_cannot_be_meant_is_not_taken() {
    let system = System::start().await;
    let account = Uuid::new_v4();
    let none = json!({});
    let _ = later(&system, account, "deposit", &none).await.problem(400, "invalid-payload");
    let _ = later(&system, account, "steal", &none).await.problem(404, "unknown-command");
    let _ = later(&system, account, "debit-for-transfer", &none).await.problem(404, "unknown-command");
    let large = json!({ "owner_email": "a".repeat(300 * 1024) });
    let _ = later(&system, account, "open", &large).await.problem(413, "payload-too-large");
    let bad = later(&system, account, "close", &none).header("If-Match", "3").await;
    let _ = bad.problem(400, "invalid-header");

    let _ = system.get("/v1/commands/7").await.problem(400, "invalid-id");
    let _ = system.get("/v1/commands/%ff").await.problem(400, "invalid-id");
    let unknown = format!("/v1/commands/{}", Uuid::new_v4());
    let _ = system.get(&unknown).await.problem(404, "not-found");
    let _ = system.get(&format!("{unknown}?wait=1")).await.problem(400, "invalid-query");
}

#[tokio::test]
async fn repeats_that_come_while_it_is_carried_out_are_the_same_command() {
    let system = System::start().await;
    let account = open(&system).await;
    let data = json!({ "amount": 10 });
    for key in 0..30 {
        let repeats = (0..10).map(|_| {
            later(&system, account, "deposit", &data)
                .header("Idempotency-Key", &format!("repeat-{key}"))
                .into_future()
        });
        let ids: BTreeSet<_> = join_all(repeats).await.into_iter().map(taken).collect();
        assert_eq!(ids.len(), 1, "{ids:?}");
        assert_eq!(outcome(&system, *ids.first().unwrap()).await["result"]["version"], key + 2);
    }
}

#[tokio::test]
async fn a_repeat_is_the_same_command_and_another_one_under_its_key_is_refused() {
    let system = System::start().await;
    let account = open(&system).await;
    let (ten, eleven) = (json!({ "amount": 10 }), json!({ "amount": 11 }));
    let deposit = async |data: &Value| {
        later(&system, account, "deposit", data).header("Idempotency-Key", "monday").await
    };
    let first = taken(deposit(&ten).await);
    assert_eq!(taken(deposit(&ten).await), first, "whether or not it has been carried out");
    assert_eq!(outcome(&system, first).await["state"], "succeeded");
    let _ = deposit(&eleven).await.problem(422, "idempotency-key-reused");
    let again = deposit(&ten).await;
    assert_eq!((again.header("idempotency-replayed"), &again.json["state"]), ("true", &json!("succeeded")));
    assert_eq!(taken(again), first);

    let told = outcome(&system, first).await;
    let waited = system.post(&path(account, "deposit"), &ten).header("Idempotency-Key", "monday").await;
    assert_eq!(waited.header("idempotency-replayed"), "true");
    assert_eq!(told["result"], waited.accepted());
    assert_eq!(told["result"]["version"], 2);
}

#[tokio::test]
async fn what_was_refused_may_be_asked_again_under_its_key() {
    let system = System::start().await;
    let account = open(&system).await;
    let ten = json!({ "amount": 10 });
    let withdraw = async || {
        let given = later(&system, account, "withdraw", &ten).header("Idempotency-Key", "monday").await;
        outcome(&system, taken(given)).await
    };
    assert_eq!(withdraw().await["state"], "refused");
    let _ = system.post(&path(account, "deposit"), &ten).await.accepted();
    let told = withdraw().await;
    assert_eq!((&told["state"], &told["result"]["version"]), (&json!("succeeded"), &json!(3)));
    assert_eq!(withdraw().await, told, "and then it stays");
}

#[tokio::test]
async fn what_changed_nothing_is_decided_anew_under_its_key() {
    let system = System::start().await;
    let path = format!("/v1/commands/post/{}", Uuid::new_v4());
    let post = json!({ "author": "Ada", "content": "Hello" });
    let _ = system.post(&format!("{path}/publish"), &post).await.accepted();
    let _ = system.post(&format!("{path}/delete"), &json!({})).await.accepted();
    let delete = async || {
        let given = system.post(&format!("{path}/delete"), &json!({})).header("Prefer", "respond-async");
        let given = given.header("Idempotency-Key", "monday").await;
        assert_eq!((given.header("idempotency-replayed"), &given.json["state"]), ("", &json!("pending")));
        outcome(&system, taken(given)).await
    };
    for _ in 0..2 {
        let told = delete().await;
        assert_eq!((&told["state"], &told["result"]["events"]), (&json!("succeeded"), &json!([])));
    }
}

#[tokio::test]
async fn what_was_taken_is_carried_out_although_everything_is_killed() {
    let mut system = System::start().await;
    let account = open(&system).await;
    let one = json!({ "amount": 1 });
    let mut commands = Vec::new();
    for _ in 0..20 {
        commands.push(taken(later(&system, account, "deposit", &one).await));
    }
    system.kill().await;
    system.start_again().await;
    for command in commands {
        assert_eq!(outcome(&system, command).await["state"], "succeeded");
    }
    assert_eq!(system.get(&format!("/v1/streams/account/{account}")).await.accepted()["version"], 21);
}
