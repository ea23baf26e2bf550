//! Many commits at once go to the server in atomic batches: whatever happens to those, each commit is stored
//! once or not at all, and whoever appended it is told which.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

#[path = "../common/mod.rs"]
mod commits;
mod interruptions;
mod outcomes;
mod writers;

use std::collections::HashMap;

use annals_core::{Commit, Position, StoredCommit};
use annals_nats::{Appended, JetStreamLog, Log, LogError, Nats, Scope};
use annals_testkit::{Batches, Proxy, TestNats, nats};
use futures_util::future::join_all;
use uuid::Uuid;

type Told = Result<Appended, LogError>;

/// The log at this address, over a connection of its own.
async fn log_at(url: &str) -> JetStreamLog {
    let nats = Nats::connect(url, "batches").await.unwrap();
    nats.prepare().await.unwrap();
    nats.log()
}

/// A server, a way to it on which things happen, and the log behind that.
async fn behind_a_proxy() -> (TestNats, Proxy, JetStreamLog) {
    let server = nats().await;
    let proxy = Proxy::start(&server.url()).await;
    let log = log_at(&proxy.url()).await;
    (server, proxy, log)
}

/// The first commits of so many streams.
fn firsts(count: usize) -> Vec<Commit> {
    (0..count).map(|_| commits::commit(&commits::stream("thing"), 0)).collect()
}

/// Appends all of them at once.
async fn append_all(log: &JetStreamLog, commits: &[(Commit, Position)]) -> Vec<Told> {
    join_all(commits.iter().map(|(commit, expected)| log.append(commit, *expected))).await
}

/// The same for streams that are new.
async fn append_firsts(log: &JetStreamLog, commits: &[Commit]) -> Vec<Told> {
    join_all(commits.iter().map(|commit| log.append(commit, 0))).await
}

#[track_caller]
fn stored(told: Told) -> StoredCommit {
    match told {
        Ok(Appended::Stored(stored)) => stored,
        other => panic!("instead of being stored: {other:?}"),
    }
}

#[track_caller]
fn overtaken(told: Told) -> Vec<StoredCommit> {
    match told {
        Ok(Appended::Overtaken(others)) => others,
        other => panic!("instead of being overtaken: {other:?}"),
    }
}

/// The positions of all commits of the log, each of which is there once. Every batch is there as a whole,
/// and there are some.
async fn read(server: &TestNats) -> HashMap<Uuid, Position> {
    let log = log_at(&server.url()).await;
    let page = log.read(&Scope::All, 0, 2000).await.unwrap();
    assert!(!page.more, "a test's log is short");
    let commits = page.commits.len();
    let positions: HashMap<_, _> = page.commits.into_iter().map(|it| (it.commit.id, it.position)).collect();
    assert_eq!(positions.len(), commits, "a commit is there twice");
    let batches = Batches::read(&server.url()).await.unwrap();
    assert!(batches.count() > 0, "nothing went in a batch");
    positions
}
