//! Durable consumers of views, which remember where they are.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod common;

use std::time::Duration;

use annals_core::{Position, StreamId};
use annals_nats::{Appended, Log, Nats};
use annals_testkit::TestNats;
use common::{commit, stream};
use tokio::time::timeout;

async fn connected() -> (TestNats, Nats) {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "subscriptions").await.unwrap();
    nats.prepare().await.unwrap();
    (server, nats)
}

async fn append(nats: &Nats, stream: &StreamId) -> Position {
    match nats.log().append(&commit(stream, 0), 0).await.unwrap() {
        Appended::Stored(stored) => stored.position,
        Appended::Overtaken(_) => panic!("overtaken"),
    }
}

/// Follows until `count` commits have come, and gives their positions.
async fn follow(nats: &Nats, after: Position, count: usize) -> Vec<Position> {
    let mut follower = nats.follow("view-things-v1-copy", &["thing"], after).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < count {
        let deliveries =
            timeout(Duration::from_secs(10), follower.next(1000, usize::MAX)).await.unwrap().unwrap();
        deliveries.last().unwrap().acknowledge().await;
        seen.extend(deliveries.iter().map(|delivery| delivery.position));
    }
    seen
}

#[tokio::test]
async fn a_follower_goes_on_from_its_own_checkpoint_whatever_was_acknowledged() {
    let (_server, nats) = connected().await;
    for category in ["thing", "other", "thing", "thing"] {
        append(&nats, &stream(category)).await;
    }
    assert_eq!(follow(&nats, 0, 3).await, [1, 3, 4]);
    assert_eq!(follow(&nats, 1, 2).await, [3, 4], "back again");
    assert_eq!(follow(&nats, 3, 1).await, [4]);
}

#[tokio::test]
async fn a_follower_at_the_end_sees_what_comes_next() {
    let (_server, nats) = connected().await;
    let end = append(&nats, &stream("thing")).await;
    let mut follower = nats.follow("view-things-v1-copy", &["thing"], end).await.unwrap();
    let next = append(&nats, &stream("thing")).await;

    let deliveries = timeout(Duration::from_secs(10), follower.next(10, usize::MAX)).await.unwrap().unwrap();
    assert_eq!(deliveries.iter().map(|it| it.position).collect::<Vec<_>>(), [next]);
    assert_eq!(nats.outstanding("view-things-v1-copy").await.unwrap(), 1, "delivered, and not acknowledged");
}

#[tokio::test]
async fn a_follower_of_an_empty_log_sees_the_first_commit() {
    let (_server, nats) = connected().await;
    let mut follower = nats.follow("view-things-v1-copy", &["thing"], 0).await.unwrap();
    append(&nats, &stream("thing")).await;

    let deliveries = timeout(Duration::from_secs(10), follower.next(10, usize::MAX)).await.unwrap().unwrap();
    assert_eq!(deliveries[0].position, 1);
}

#[tokio::test]
async fn a_restarted_server_loses_nothing_and_is_followed_again() {
    let (mut server, nats) = connected().await;
    append(&nats, &stream("thing")).await;
    assert_eq!(follow(&nats, 0, 1).await, [1]);

    server.kill().await;
    server.restart().await;
    let log = nats.log();
    annals_testkit::eventually("the log answers again", async || {
        log.last(&annals_nats::Scope::All).await.is_ok()
    })
    .await;

    append(&nats, &stream("thing")).await;
    assert_eq!(follow(&nats, 0, 2).await, [1, 2]);
}
