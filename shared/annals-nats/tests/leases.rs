//! Leases: one holder at a time, whatever happens to it and to the server.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::time::{Duration, Instant};

use annals_nats::{Held, Lease, LeaseTiming, Nats};
use annals_testkit::{TestNats, eventually, eventually_within, nats, raw, three_nodes};
use async_nats::jetstream::{self, stream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const TIMING: LeaseTiming =
    LeaseTiming { renew_every: Duration::from_millis(200), expires_after: Duration::from_secs(1) };

/// Three servers elect, and agree; a busy machine lets them take their time.
const ELECTED: Duration = Duration::from_mins(1);

async fn lease(server: &TestNats, instance: &str) -> Lease {
    let nats = Nats::connect(&server.url(), instance).await.unwrap();
    nats.lease("reactor.welcome", instance, TIMING)
}

async fn acquire(lease: &mut Lease) -> Held {
    let held = timeout(Duration::from_secs(10), lease.acquire(&CancellationToken::new())).await;
    held.expect("the lease is free").unwrap()
}

/// What stands under the key, as an operator sees it.
async fn holder(server: &TestNats) -> Option<String> {
    lease(server, "operator").await.holder().await.unwrap()
}

/// Whether another instance does not get it for as long as a lease lasts, twice.
async fn is_refused(lease: &mut Lease) -> bool {
    timeout(2 * TIMING.expires_after, lease.acquire(&CancellationToken::new())).await.is_err()
}

#[tokio::test]
async fn a_renewed_lease_is_held_by_one_instance() {
    let server = nats().await;
    let (mut first, mut second) = (lease(&server, "first").await, lease(&server, "second").await);
    let held = acquire(&mut first).await;
    assert!(is_refused(&mut second).await);
    assert!(held.is_held());
    assert_eq!(holder(&server).await.as_deref(), Some("first"));
}

#[tokio::test]
async fn of_many_candidates_one_gets_it() {
    let server = nats().await;
    let mut candidates = Vec::new();
    for number in 0..5 {
        let mut lease = lease(&server, &format!("instance-{number}")).await;
        candidates.push(tokio::spawn(async move {
            timeout(Duration::from_secs(4), lease.acquire(&CancellationToken::new())).await.ok().flatten()
        }));
    }
    let mut held = Vec::new();
    for candidate in candidates {
        held.extend(candidate.await.unwrap());
    }
    assert_eq!(held.len(), 1);
}

#[tokio::test]
async fn a_released_lease_is_taken_at_once() {
    let server = nats().await;
    let (mut first, mut second) = (lease(&server, "first").await, lease(&server, "second").await);
    let held = acquire(&mut first).await;
    held.release().await;
    let released = Instant::now();
    let held = acquire(&mut second).await;
    assert!(released.elapsed() < TIMING.expires_after / 2, "{:?}", released.elapsed());
    assert!(held.is_held());
    assert_eq!(holder(&server).await.as_deref(), Some("second"));
}

#[tokio::test]
async fn the_lease_of_a_dead_instance_is_taken_when_it_has_expired() {
    let server = nats().await;
    let (mut first, mut second) = (lease(&server, "first").await, lease(&server, "second").await);
    let held = acquire(&mut first).await;
    drop(held); // as a crash does
    let died = Instant::now();
    acquire(&mut second).await;
    assert!(died.elapsed() + TIMING.renew_every >= TIMING.expires_after, "{:?}", died.elapsed());
}

#[tokio::test]
async fn a_holder_whose_server_is_silent_steps_back_and_another_takes_over() {
    let server = nats().await;
    let mut first = lease(&server, "first").await;
    let held = acquire(&mut first).await;
    server.pause();
    let paused = Instant::now();
    timeout(2 * TIMING.expires_after, held.lost()).await.expect("it notices");
    assert!(paused.elapsed() >= TIMING.expires_after / 2, "{:?}", paused.elapsed());
    assert!(!held.is_held());

    server.resume();
    let held = acquire(&mut lease(&server, "second").await).await;
    assert!(held.is_held());
    assert_eq!(holder(&server).await.as_deref(), Some("second"));
}

#[tokio::test]
async fn after_a_restart_of_the_server_the_last_holder_has_it_again() {
    let mut server = nats().await;
    let (mut first, mut second) = (lease(&server, "first").await, lease(&server, "second").await);
    let held = acquire(&mut first).await;
    let standby = tokio::spawn(async move {
        let held = second.acquire(&CancellationToken::new()).await;
        (second, held)
    });
    server.restart().await;
    eventually("the key is there again", async || {
        let holder = lease(&server, "operator").await.holder().await;
        holder.is_ok_and(|holder| holder.is_some())
    })
    .await;
    assert_eq!(holder(&server).await.as_deref(), Some("first"));
    assert!(held.is_held());
    assert!(!standby.is_finished());
    standby.abort();
}

#[tokio::test]
async fn an_instance_that_lost_the_connection_waits_for_a_holder_that_may_be_there() {
    let mut server = nats().await;
    let mut standby = lease(&server, "standby").await;
    standby.holder().await.unwrap();
    server.restart().await;
    eventually("it has made the bucket anew", async || standby.holder().await.is_ok()).await;
    let begun = Instant::now();
    acquire(&mut standby).await;
    assert!(begun.elapsed() >= TIMING.expires_after, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_holder_steps_back_when_it_sees_another_ones_value() {
    let server = nats().await;
    let held = acquire(&mut lease(&server, "first").await).await;
    raw(&server.url(), "$KV.leases.reactor.welcome", "intruder").await;
    timeout(TIMING.expires_after, held.lost()).await.expect("it notices at its next renewal");
    assert!(!held.is_held());
}

#[tokio::test]
async fn a_holder_that_lost_it_to_no_other_instance_takes_it_again_at_once() {
    let server = nats().await;
    let mut first = lease(&server, "first").await;
    let held = acquire(&mut first).await;
    server.pause();
    held.lost().await;
    server.resume();
    let resumed = Instant::now();
    acquire(&mut first).await;
    assert!(resumed.elapsed() < TIMING.expires_after, "{:?}", resumed.elapsed());
}

#[tokio::test]
async fn a_candidate_stops_waiting_at_a_shutdown() {
    let server = nats().await;
    let _held = acquire(&mut lease(&server, "first").await).await;
    let shutdown = CancellationToken::new();
    let mut second = lease(&server, "second").await;
    let waiting = async { second.acquire(&shutdown).await.is_none() };
    let stop = async { shutdown.cancel() };
    let (stopped, ()) = tokio::join!(waiting, stop);
    assert!(stopped);
}

#[tokio::test]
async fn leases_need_no_sync() {
    let server = nats().await;
    let _held = acquire(&mut lease(&server, "first").await).await;
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    let config = jetstream.get_stream("KV_leases").await.unwrap().cached_info().config.clone();
    assert_eq!(config.storage, stream::StorageType::Memory);
    assert_eq!(config.max_messages_per_subject, 1);
}

#[tokio::test]
async fn three_nodes_keep_a_lease_although_its_leader_dies() {
    let mut nodes = three_nodes();
    let first = Nats::connect(&nodes.url(), "first").await.unwrap();
    let second = Nats::connect(&nodes.url(), "second").await.unwrap();
    first.prepare().await.unwrap();
    let servers: Vec<async_nats::ServerAddr> =
        nodes.url().split(',').map(|url| url.parse().unwrap()).collect();
    let client = async_nats::ConnectOptions::new().retry_on_initial_connect().connect(servers).await.unwrap();
    let jetstream = jetstream::new(client);
    eventually_within(ELECTED, "the log has three replicas", async || {
        let Ok(stream) = jetstream.get_stream("EVENTS").await else { return false };
        let config = stream::Config { num_replicas: 3, ..stream.cached_info().config.clone() };
        jetstream.update_stream(config).await.is_ok()
    })
    .await;

    let mut first = first.lease("writer", "first", TIMING);
    let mut held = timeout(ELECTED, first.acquire(&CancellationToken::new())).await.unwrap().unwrap();
    let leases = jetstream.get_stream("KV_leases").await.unwrap().cached_info().clone();
    assert_eq!(leases.config.num_replicas, 3);

    nodes.kill(&leases.cluster.unwrap().leader.unwrap());
    let mut second = second.lease("writer", "second", TIMING);
    let _standby = tokio::spawn(async move { second.acquire(&CancellationToken::new()).await });
    eventually_within(ELECTED, "it is held again, by one of them", async || {
        if !held.is_held()
            && let Ok(Some(again)) =
                timeout(TIMING.expires_after, first.acquire(&CancellationToken::new())).await
        {
            held = again;
        }
        first.holder().await.is_ok_and(|holder| holder.is_some_and(|it| it == "second" || held.is_held()))
    })
    .await;
}
