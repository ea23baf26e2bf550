//! What services know of a server's durability.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::time::Duration;

use annals_chassis::durability::watch;
use annals_nats::server::monitor::Durability;
use axum::{Json, Router, routing::get};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::sync::CancellationToken;

/// What is known of the server behind `monitor_url` once it was asked.
async fn known(monitor_url: Option<String>) -> Durability {
    let shutdown = CancellationToken::new();
    let _stop = shutdown.clone().drop_guard();
    let mut durability = watch(monitor_url, shutdown);
    timeout(Duration::from_secs(10), durability.changed()).await.unwrap().unwrap();
    *durability.borrow()
}

/// The monitoring endpoint of a server that says `jetstream` of its `JetStream`.
async fn monitor(jetstream: Value) -> String {
    let varz = json!({ "version": "2.15.1", "max_payload": 1_048_576, "jetstream": jetstream });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/varz", get(async || Json(varz)));
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn our_own_server_has_on_disk_what_it_acknowledges() {
    let nats = annals_testkit::nats().await;
    assert_eq!(known(Some(nats.monitor_url())).await, Durability::Always);
}

#[tokio::test]
async fn the_interval_alone_says_nothing() {
    let by_default = json!({ "config": { "sync_interval": 120_000_000_000_u64 } });
    assert_eq!(known(Some(monitor(by_default).await)).await, Durability::NotAlways);
    let always = json!({ "config": { "sync_interval": 120_000_000_000_u64, "sync_always": true } });
    assert_eq!(known(Some(monitor(always).await)).await, Durability::Always);
}

#[tokio::test]
async fn what_nobody_tells_is_unknown() {
    assert_eq!(known(None).await, Durability::Unknown);
    assert_eq!(known(Some(monitor(json!({})).await)).await, Durability::Unknown);

    let mut nats = annals_testkit::nats().await;
    nats.kill().await;
    assert_eq!(known(Some(nats.monitor_url())).await, Durability::Unknown);
}
