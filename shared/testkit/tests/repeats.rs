//! The same command many times: one effect, one answer.

mod bank;

use annals_testkit::{Answer, System};
use bank::Account;
use futures_util::future::join_all;
use serde_json::{Value, json};

const TIMES: usize = 50;

/// What repeats must have in common: the status, the body, and the headers that speak of the command.
fn essence(answer: &Answer) -> (u16, Value, [String; 4]) {
    let headers = ["etag", "annals-position", "location", "x-correlation-id"];
    (answer.status.as_u16(), answer.json.clone(), headers.map(|name| answer.header(name).to_owned()))
}

/// All answers are equal, but that all except the first say that they are repeats.
fn assert_same(answers: &[Answer], firsts: usize) {
    for answer in answers {
        assert_eq!(essence(answer), essence(&answers[0]));
    }
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
    assert_eq!(answers.len() - replayed, firsts, "so many are the first");
}

async fn fifty_times(account: &Account<'_>, version: &str) -> Vec<Answer> {
    let deposit = async |_| {
        let call = account.give("deposit", &json!({ "amount": 250 })).header("Idempotency-Key", "monday");
        if version.is_empty() { call.await } else { call.header("If-Match", version).await }
    };
    join_all((0..TIMES).map(deposit)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_one_effect_however_often_it_is_sent() {
    let mut system = System::start().await;
    let account = Account::open(&system).await;
    let answers = fifty_times(&account, "").await;
    assert_eq!(answers[0].status, 200);
    assert_same(&answers, 1);
    let id = account.id;

    system.stop().await;
    system.start_again().await;

    let account = Account { system: &system, id };
    let again = fifty_times(&account, "").await;
    assert_same(
        &[&answers[..1], &again[..]].concat(),
        usize::from(answers[0].header("idempotency-replayed") != "true"),
    );
    assert_eq!(account.events().await.len(), 2, "opened, and one deposit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_looked_up_before_its_precondition() {
    let mut system = System::start().await;
    let account = Account::open(&system).await;
    let answers = fifty_times(&account, "\"1\"").await; // the first one makes it false
    assert_eq!(answers[0].status, 200, "{}", answers[0].text);
    assert_same(&answers, 1);
    let _ = account.deposit(1).await;
    let id = account.id;

    system.kill().await;
    system.start_again().await;

    let account = Account { system: &system, id };
    let again = fifty_times(&account, "\"1\"").await;
    assert_same(&again, 0);
    assert_eq!(essence(&again[0]), essence(&answers[0]));
    let _ = account
        .give("deposit", &json!({ "amount": 250 }))
        .header("If-Match", "\"1\"")
        .await
        .problem(412, "version-mismatch");
    assert_eq!(account.events().await.len(), 3);
}
