//! When a service says that it is ready.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{net::SocketAddr, sync::Arc};

use annals_chassis::{
    config::NatsArgs,
    health::{self, Begun, Condition},
};
use annals_nats::Nats;
use annals_testkit::{TestNats, eventually};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

struct HalfThere;

impl Condition for HalfThere {
    fn serves(&self) -> bool {
        true
    }

    fn degraded(&self) -> Vec<String> {
        vec!["view balances".into()]
    }
}

async fn spawned(server: &TestNats, condition: Arc<dyn Condition>) -> (SocketAddr, DropGuard) {
    let shutdown = CancellationToken::new();
    let args = NatsArgs { nats: server.url(), nats_monitor: None };
    let nats = Nats::connect(&args.nats, "health").await.unwrap();
    let loopback = Some("127.0.0.1:0".parse().unwrap());
    let address = health::spawn(loopback, &args, &nats, condition, &shutdown).await.unwrap();
    (address.unwrap(), shutdown.drop_guard())
}

async fn readyz(address: SocketAddr) -> (u16, Value) {
    let answer = reqwest::get(format!("http://{address}/readyz")).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_service_is_not_ready_before_it_has_begun() {
    let server = annals_testkit::nats().await;
    let begun = Arc::new(Begun::default());
    let (address, _stop) = spawned(&server, begun.clone()).await;
    eventually("the connection is there", async || readyz(address).await.1["services"]["nats"] == true).await;
    assert_eq!(readyz(address).await.0, 503);

    begun.now();
    let (status, body) = readyz(address).await;
    assert_eq!((status, &body["ready"], &body["degraded"]), (200, &json!(true), &json!([])));
}

#[tokio::test]
async fn a_degraded_service_is_ready_and_says_what_is_not() {
    let server = annals_testkit::nats().await;
    let (address, _stop) = spawned(&server, Arc::new(HalfThere)).await;
    eventually("it is ready", async || readyz(address).await.0 == 200).await;
    assert_eq!(readyz(address).await.1["degraded"], json!(["view balances"]));
}

#[tokio::test]
async fn a_service_without_its_server_is_not_ready() {
    let mut server = annals_testkit::nats().await;
    let (address, _stop) = spawned(&server, Arc::new(HalfThere)).await;
    eventually("it is ready", async || readyz(address).await.0 == 200).await;

    server.kill().await;
    eventually("it is not ready", async || readyz(address).await.0 == 503).await;
}
