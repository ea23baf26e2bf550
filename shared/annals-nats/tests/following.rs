//! Following while the server is gone, and in bounded memory.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

mod common;

use std::time::Duration;

use annals_nats::{Log, Nats, NotFollowing};
use annals_testkit::{TestNats, eventually};
use common::{commit, commit_of, stream};
use serde_json::json;
use tokio::time::timeout;

const DURABLE: &str = "view-things-v1-copy";

async fn connected() -> (TestNats, Nats) {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "following").await.unwrap();
    nats.prepare().await.unwrap();
    (server, nats)
}

#[tokio::test]
async fn what_is_taken_at_once_is_bounded_in_bytes() {
    let (_server, nats) = connected().await;
    let large = json!({ "text": "x".repeat(700 * 1024) });
    for _ in 0..30 {
        nats.log().append(&commit_of(&stream("thing"), 0, std::slice::from_ref(&large)), 0).await.unwrap();
    }
    let mut follower = nats.follow(DURABLE, &["thing"], 0).await.unwrap();
    let mut positions = Vec::new();
    while positions.len() < 30 {
        let next = timeout(Duration::from_secs(10), follower.next(1000, 2 * 1024 * 1024));
        let deliveries = next.await.unwrap().unwrap();
        assert!(deliveries.len() <= 3, "{} commits of 700 KiB", deliveries.len());
        deliveries.last().unwrap().acknowledge().await;
        positions.extend(deliveries.iter().map(|delivery| delivery.position));
    }
    assert_eq!(positions, (1..=30).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_taken_at_once_is_bounded_in_number_and_says_what_is_still_to_come() {
    let (_server, nats) = connected().await;
    for _ in 0..300 {
        nats.log().append(&commit(&stream("thing"), 0), 0).await.unwrap();
    }
    let mut follower = nats.follow(DURABLE, &["thing"], 0).await.unwrap();
    let mut taken = 0;
    while taken < 300 {
        let deliveries = follower.next(250, usize::MAX).await.unwrap();
        assert_eq!(deliveries.last().unwrap().position, taken + deliveries.len() as u64);
        assert_eq!(deliveries.last().unwrap().pending, 300 - taken - deliveries.len() as u64);
        assert!(deliveries.len() <= 250);
        taken += deliveries.len() as u64;
    }
}

#[tokio::test]
async fn a_server_that_comes_again_has_forgotten_the_consumer_and_the_follower_says_so() {
    let (mut server, nats) = connected().await;
    nats.log().append(&commit(&stream("thing"), 0), 0).await.unwrap();
    let mut follower = nats.follow(DURABLE, &["thing"], 0).await.unwrap();
    let seen = follower.next(10, usize::MAX).await.unwrap();
    server.restart().await;

    let more = timeout(Duration::from_secs(10), follower.next(10, usize::MAX)).await.unwrap();
    assert!(matches!(more, Err(NotFollowing::Disconnected)), "{more:?}");
    let gone = async || nats.outstanding(DURABLE).await.is_err_and(|it| it.to_string().contains("not found"));
    eventually("its state was in memory only", gone).await;

    let mut again = nats.follow(DURABLE, &["thing"], seen[0].position).await.unwrap();
    nats.log().append(&commit(&stream("thing"), 0), 0).await.unwrap();
    assert_eq!(again.next(10, usize::MAX).await.unwrap()[0].position, 2);
}

#[tokio::test]
async fn nothing_waits_for_ever_on_a_server_that_is_gone() {
    let (mut server, nats) = connected().await;
    nats.log().append(&commit(&stream("thing"), 0), 0).await.unwrap();
    let mut follower = nats.follow(DURABLE, &["thing"], 0).await.unwrap();
    let deliveries = follower.next(1, usize::MAX).await.unwrap();
    server.kill().await;

    // More than the client keeps for a connection that is being made again.
    let sent = async {
        for _ in 0..2049 {
            deliveries[0].acknowledge().await;
        }
    };
    timeout(Duration::from_secs(10), sent).await.unwrap();
    let again = timeout(Duration::from_secs(10), nats.follow(DURABLE, &["thing"], 0)).await;
    assert!(again.unwrap().is_err());
    assert!(timeout(Duration::from_secs(10), nats.outstanding(DURABLE)).await.unwrap().is_err());
    timeout(Duration::from_secs(10), nats.forget(DURABLE)).await.unwrap();
    let read = timeout(Duration::from_secs(10), nats.log().read(&annals_nats::Scope::All, 0, 1)).await;
    assert!(read.unwrap().is_err());
}
