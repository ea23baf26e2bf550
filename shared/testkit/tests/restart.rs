//! Stopping, starting again, and losing what can be made again.

mod bank;

use std::fs;

use annals_testkit::{System, eventually};
use bank::{Account, position};
use serde_json::Value;
use uuid::Uuid;

async fn rows(system: &System, view: &str) -> Vec<Value> {
    let page = system.get(&format!("/v1/views/{view}?limit=500")).await.accepted();
    page["rows"].as_array().expect("a page has rows").clone()
}

/// All rows of a view, once it has reached the log's end again.
async fn settled_rows(system: &System, view: &str) -> Vec<Value> {
    eventually("the view is live", async || {
        system.get(&format!("/v1/views/{view}?limit=1")).await.status.is_success()
    })
    .await;
    rows(system, view).await
}

/// Some accounts with money in them, whose owners have been welcomed.
async fn some_history(system: &System) -> Vec<Uuid> {
    let mut accounts = Vec::new();
    for amount in [100, 200, 300] {
        let account = Account::open(system).await;
        let last = account.deposit(amount).await;
        let _ = account.balance_at(position(&last)).await.accepted();
        accounts.push(account.id);
    }
    eventually("all owners are welcomed", async || {
        let page = system.get("/v1/views/notifications?status=sent").await.accepted();
        page["rows"].as_array().expect("a page has rows").len() == 3
    })
    .await;
    accounts
}

fn mails(system: &System) -> usize {
    system.logs().lines().filter(|line| line.contains("to ada@example.com")).count()
}

#[tokio::test]
async fn a_restart_keeps_everything_and_sends_nothing_again() {
    let mut system = System::start().await;
    some_history(&system).await;
    let (balances, statements) = (rows(&system, "balances").await, rows(&system, "statements").await);
    assert_eq!(mails(&system), 3);

    system.stop().await;
    system.start_again().await;

    assert_eq!(settled_rows(&system, "balances").await, balances);
    assert_eq!(settled_rows(&system, "statements").await, statements);
    let fourth = Account::open(&system).await;
    let _ = fourth.deposit(1).await;
    eventually("the fourth owner is welcomed", async || mails(&system) >= 4).await;
    assert_eq!(mails(&system), 4, "nobody is welcomed twice");
}

#[tokio::test]
async fn deleted_views_are_complete_again_after_the_start() {
    let mut system = System::start().await;
    some_history(&system).await;
    let before = [rows(&system, "balances").await, rows(&system, "statements").await];
    let notifications = rows(&system, "notifications").await;

    system.stop().await;
    for made_of_the_log in ["views", "state"] {
        fs::remove_dir_all(system.data_dir().join(made_of_the_log)).unwrap();
    }
    system.start_again().await;

    assert_eq!([settled_rows(&system, "balances").await, settled_rows(&system, "statements").await], before);
    assert_eq!(settled_rows(&system, "notifications").await, notifications);
    assert_eq!(mails(&system), 3, "building views sends nothing");
}

#[tokio::test]
async fn a_killed_system_goes_on_where_it_was() {
    let mut system = System::start().await;
    let accounts = some_history(&system).await;
    let balances = rows(&system, "balances").await;

    system.kill().await;
    system.start_again().await;

    assert_eq!(settled_rows(&system, "balances").await, balances);
    let path = format!("/v1/commands/account/{}/deposit", accounts[0]);
    let deposited = system.post(&path, &serde_json::json!({ "amount": 1 })).await.accepted();
    assert_eq!(deposited["version"], 3);
}
