//! Commands: carried out once, whatever happens on the way.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use annals_client::{Answer, Client, Error, Outcome, Repeat};
use annals_domains::account::{Account, Amount, Command};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Fake, answer, nothing, problem};

const ID: Uuid = Uuid::from_u128(1);

fn done() -> Value {
    json!({
        "command_id": Uuid::from_u128(2), "category": "account", "id": ID, "version": 2, "position": 7, "events": [],
    })
}

fn accepted() -> String {
    answer(200, "annals-position: 7\r\n", &done())
}

fn deposit() -> Command {
    Command::Deposit { amount: Amount::try_from(250).unwrap() }
}

async fn give(client: &Client) -> Result<Outcome, Error> {
    client.give::<Account>(ID, &deposit()).await
}

/// The keys of all requests.
fn keys(fake: &Fake) -> BTreeSet<String> {
    fake.requests().iter().map(|request| request.header("idempotency-key").to_owned()).collect()
}

#[tokio::test]
async fn a_command_is_sent_with_all_that_is_said_about_it() {
    let fake = Fake::answering([accepted(), accepted()]).await;
    let correlation_id = Uuid::from_u128(3);
    let given = fake.client().give::<Account>(ID, &deposit()).key("monday").at_version(1);
    given.correlated_with(correlation_id).noting("why", "wages").await.unwrap();
    fake.client().give_named("account", ID, "close", json!({})).if_new().await.unwrap();

    let [first, second] = &fake.requests()[..] else { panic!("two requests") };
    assert_eq!(first.line(), "POST /v1/commands");
    assert_eq!(
        first.json(),
        json!({ "command": "account.deposit", "id": ID, "data": { "amount": 250 }, "metadata": { "why": "wages" } })
    );
    assert_eq!((first.header("idempotency-key"), first.header("if-match")), ("monday", "\"1\""));
    assert_eq!(first.header("x-correlation-id"), correlation_id.to_string());
    assert_eq!(second.json(), json!({ "command": "account.close", "id": ID, "data": {} }));
    assert_eq!((second.header("if-none-match"), second.header("if-match")), ("*", ""));
    assert!(second.header("idempotency-key").parse::<Uuid>().is_ok(), "every command has a key");
}

#[tokio::test]
async fn what_may_pass_is_repeated_under_the_same_key() {
    let proxy = "HTTP/1.1 502 X\r\nconnection: close\r\n\r\n<p>upstream</p>".to_owned();
    let half = "HTTP/1.1 200 X\r\ncontent-length: 500\r\n\r\n{\"command_id\":".to_owned();
    let replayed = answer(200, "idempotency-replayed: true\r\n", &done());
    let troubles = [
        problem(503, "unavailable"),
        problem(504, "outcome-unknown"),
        problem(409, "command-in-flight"),
        problem(409, "conflict"),
        problem(429, "rate-limited"),
    ];
    let fake = Fake::answering(troubles.into_iter().chain([nothing(), proxy, half, replayed])).await;

    let watched: Arc<Mutex<Vec<u16>>> = Arc::default();
    let statuses = watched.clone();
    let watch = move |answer: Option<&Answer>| {
        statuses.lock().unwrap().push(answer.map_or(0, |answer| answer.status.as_u16()));
    };
    let accepted = give(&fake.client().watched_by(watch)).await.unwrap().accepted().unwrap();
    assert_eq!((accepted.version, accepted.position, accepted.replayed), (2, 7, true));
    assert_eq!(*watched.lock().unwrap(), [503, 504, 409, 409, 429, 0, 502, 0, 200]);
    assert_eq!((fake.requests().len(), keys(&fake).len()), (9, 1));
}

#[tokio::test]
async fn two_commands_never_share_a_key() {
    let fake = Fake::answering([accepted(), accepted()]).await;
    for _ in 0..2 {
        give(&fake.client()).await.unwrap();
    }
    assert_eq!(keys(&fake).len(), 2);
}

#[tokio::test]
async fn a_final_no_is_taken_for_an_answer() {
    let body = json!({
        "type": "/problems/refused", "title": "Refused", "status": 422, "detail": "No.", "instance": "/v1/commands",
        "code": "refused", "reason": "insufficient-funds", "balance": 3,
    });
    let refused = || answer(422, "", &body);
    let fake = Fake::answering([nothing(), refused(), problem(412, "version-mismatch"), refused()]).await;
    let client = fake.client();

    let Outcome::Refused(no) = give(&client).await.unwrap() else { panic!("refused") };
    assert_eq!((no.reason.as_str(), Value::from(no.data)), ("insufficient-funds", json!({ "balance": 3 })));
    let Outcome::Problem(mismatch) = give(&client).await.unwrap() else { panic!("a mismatch") };
    assert_eq!((mismatch.status, mismatch.code.as_str()), (412, "version-mismatch"));

    let error = give(&client).await.unwrap().accepted().unwrap_err();
    assert_eq!((error.repeat(), error.to_string()), (Repeat::InVain, "insufficient-funds: No.".into()));
}

#[tokio::test]
async fn a_command_that_may_have_been_carried_out_says_under_which_key_to_repeat_it() {
    let nonsense = || answer(200, "", &json!("a page of somebody else"));
    for trouble in [nothing(), problem(504, "outcome-unknown"), problem(500, "internal-error"), nonsense()] {
        let fake = Fake::answering([trouble.clone()]).await;
        let client = fake.client().patient_for(Duration::from_secs(2));
        let error = client.give::<Account>(ID, &deposit()).key("monday").await.unwrap_err();
        assert_eq!(error.repeat(), Repeat::UnderKey("monday"), "{trouble}: {error}");
        assert_eq!(fake.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_doubt_stays_until_the_log_has_been_asked() {
    let fake = Fake::answering([nothing(), problem(403, "forbidden")]).await;
    let error = give(&fake.client()).await.unwrap_err();
    assert!(matches!(error.repeat(), Repeat::UnderKey(_)), "{error}");

    let fake = Fake::answering([nothing(), problem(422, "idempotency-key-reused")]).await;
    assert!(matches!(give(&fake.client()).await.unwrap(), Outcome::Problem(_)));
}

#[tokio::test]
async fn a_command_that_nobody_took_was_not_carried_out() {
    let fake = Fake::answering([]).await;
    let impatient = fake.client().patient_for(Duration::from_secs(2));
    let error = give(&impatient).await.unwrap_err();
    assert_eq!(error.repeat(), Repeat::Later, "{error}");

    let fake = Fake::answering([problem(503, "unavailable"), problem(404, "unknown-command")]).await;
    let Outcome::Problem(unknown) = give(&fake.client()).await.unwrap() else { panic!("a problem") };
    assert_eq!(unknown.code, "unknown-command");
}

#[tokio::test]
async fn patience_ends_while_it_waits_for_an_answer() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let client = Client::try_new(&address).unwrap().patient_for(Duration::from_secs(1));
    let error = give(&client).await.unwrap_err();
    assert!(matches!(error.repeat(), Repeat::UnderKey(_)), "{error}");
}

#[tokio::test]
async fn a_command_for_later_is_asked_for_until_it_has_an_outcome() {
    let command_id = Uuid::from_u128(2);
    let taken = || answer(202, "", &json!({ "command_id": command_id, "state": "pending" }));
    let pending =
        || answer(200, "retry-after: 0\r\n", &json!({ "command_id": command_id, "state": "pending" }));
    let succeeded = json!({ "command_id": command_id, "state": "succeeded", "result": done() });
    let refused = json!({
        "command_id": command_id, "state": "refused", "problem": {
            "type": "/problems/refused", "title": "Refused", "status": 422, "detail": "No.", "code": "refused",
            "reason": "not-open",
        },
    });
    let fake = Fake::answering([
        nothing(),
        taken(),
        pending(),
        pending(),
        answer(200, "", &succeeded),
        answer(200, "", &refused),
    ]);
    let fake = fake.await;
    let client = fake.client();

    let given = client.give::<Account>(ID, &deposit()).later().await.unwrap();
    assert!(given.look().await.unwrap().is_none());
    assert_eq!(given.outcome().await.unwrap().accepted().unwrap().position, 7);
    let Outcome::Refused(no) = client.command(given.command_id()).outcome().await.unwrap() else {
        panic!("refused")
    };
    assert_eq!(no.reason, "not-open");

    let requests = fake.requests();
    assert_eq!((requests[1].header("prefer"), requests[2].header("prefer")), ("respond-async", ""));
    assert_eq!(requests[0].header("idempotency-key"), requests[1].header("idempotency-key"));
    assert_eq!(requests[2].line(), format!("GET /v1/commands/{command_id}"));
}

#[tokio::test]
async fn a_command_for_later_that_was_given_up_may_have_been_carried_out() {
    let command_id = Uuid::from_u128(2);
    let taken = answer(202, "", &json!({ "command_id": command_id, "state": "pending" }));
    let failed = |status: u16, code: &str| {
        let problem = json!({ "title": "No", "status": status, "detail": "No.", "code": code });
        answer(200, "", &json!({ "command_id": command_id, "state": "failed", "problem": problem }))
    };
    let unknown = || failed(504, "outcome-unknown");
    let fake = Fake::answering([taken, unknown(), unknown(), unknown(), failed(404, "not-found")]).await;
    let client = fake.client();

    let pending = client.give::<Account>(ID, &deposit()).key("monday").later().await.unwrap();
    let error = pending.outcome().await.unwrap_err();
    assert_eq!(error.repeat(), Repeat::UnderKey("monday"), "{error}");
    assert_eq!(pending.look().await.unwrap_err().repeat(), Repeat::UnderKey("monday"));
    let by_its_id = client.command(command_id);
    assert_eq!(by_its_id.outcome().await.unwrap_err().repeat(), Repeat::UnderItsKey);
    let nothing_was_done = by_its_id.outcome().await.unwrap().accepted().unwrap_err();
    assert_eq!(nothing_was_done.repeat(), Repeat::InVain);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_at_once() {
    let fake = Fake::answering([accepted()]).await;
    let given = fake.client().give::<Account>(ID, &deposit()).key("a\nb");
    let error =
        tokio::time::timeout(Duration::from_secs(20), given.into_future()).await.unwrap().unwrap_err();
    assert!(matches!((&error, error.repeat()), (Error::Unsendable(_), Repeat::InVain)), "{error:?}");

    // What may be sent is also up to the HTTP client that it is sent with.
    let only_with_tls = annals_client::reqwest::Client::builder().https_only(true).build().unwrap();
    let client = Client::with_http("http://127.0.0.1:1", only_with_tls).unwrap();
    let error = tokio::time::timeout(Duration::from_secs(20), give(&client)).await.unwrap().unwrap_err();
    assert!(matches!((&error, error.repeat()), (Error::Unsendable(_), Repeat::InVain)), "{error:?}");
    assert!(fake.requests().is_empty());
}
