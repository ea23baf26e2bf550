//! What is wrong is refused with a reason: a table of bad inputs, each with its documented answer.
//! After all of them nothing is stored, nothing is broken, and the next good command is taken.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod addresses;
#[path = "../bank/mod.rs"]
mod bank;
mod headers;
mod json;
mod payloads;
mod queries;
mod row;
mod wire;

use annals_testkit::{System, eventually};
use bank::{Account, position};
use row::Row;
use uuid::Uuid;

/// What a table makes of the id of an open account.
type Table = fn(&Uuid) -> Vec<Row>;

const TABLES: [Table; 6] =
    [addresses::rows, headers::rows, json::rows, payloads::rows, queries::rows, wire::rows];

#[tokio::test]
async fn payloads_that_do_not_fit_are_refused_field_by_field() {
    do_no_harm(payloads::rows).await;
}

#[tokio::test]
async fn what_is_not_json_is_refused() {
    do_no_harm(json::rows).await;
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_refused() {
    do_no_harm(addresses::rows).await;
}

#[tokio::test]
async fn queries_that_mean_nothing_are_refused() {
    do_no_harm(queries::rows).await;
}

#[tokio::test]
async fn headers_that_mean_nothing_are_refused() {
    do_no_harm(headers::rows).await;
}

#[tokio::test]
async fn bytes_that_are_no_request_are_refused() {
    do_no_harm(wire::rows).await;
}

#[test]
fn the_table_has_its_rows() {
    let rows: usize = TABLES.iter().map(|rows| rows(&Uuid::nil()).len()).sum();
    assert!(rows >= 100, "{rows}");
}

/// Sends every row of a table to a system of its own.
async fn do_no_harm(table: Table) {
    let system = System::start().await;
    let account = Account::open(&system).await;
    account.deposit(100).await;
    let end = eventually("the welcome is sent, so nothing more is to come", async || {
        let log = system.get("/v1/events").await.accepted();
        log.to_string().contains("NotificationSent").then(|| log["next"].as_u64().unwrap())
    })
    .await;

    let mut wrong = Vec::new();
    for row in table(&account.id) {
        if let Err(difference) = row.check(system.base_url()).await {
            wrong.push(difference);
        }
    }
    assert!(wrong.is_empty(), "{} rows are answered otherwise:\n{}", wrong.len(), wrong.join("\n"));

    assert_eq!(position(&account.deposit(1).await), end + 1, "nothing bad was stored");
    assert_eq!(account.withdraw(101).await.accepted()["events"][0]["data"]["balance"], 0);
    let logs = system.logs();
    assert!(!logs.contains("panicked") && !logs.contains("ERROR"), "{logs}");
}
