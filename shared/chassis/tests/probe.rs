//! The health check by the binary itself, asking a real health endpoint.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{net::SocketAddr, sync::Arc};

use annals_chassis::{
    config::NatsArgs,
    health::{self, Begun},
    probe::{NotReady, ready},
};
use annals_nats::Nats;
use annals_testkit::eventually;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A port that nobody listens on, on every address.
async fn free_port() -> SocketAddr {
    TcpListener::bind("0.0.0.0:0").await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_service_is_ready_while_nats_is_there() {
    let mut server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "probed").await.unwrap();
    let everywhere = "0.0.0.0:0".parse().ok();
    let begun = Arc::new(Begun::default());
    let args = NatsArgs { nats: server.url(), nats_monitor: None };
    let shutdown = CancellationToken::new();
    let _stop = shutdown.clone().drop_guard();
    let address = health::spawn(everywhere, &args, &nats, begun.clone(), &shutdown).await.unwrap();

    assert!(ready(address).await.is_err(), "it has not begun");
    begun.now();
    eventually("it is ready", async || ready(address).await.is_ok()).await;

    server.kill().await;
    eventually("it says that it is not", async || {
        matches!(ready(address).await, Err(NotReady::Said { status, body })
            if status == 503 && body.contains(r#""nats":false"#))
    })
    .await;
}

#[tokio::test]
async fn a_service_that_is_not_there_is_not_ready() {
    let address = free_port().await;
    let error = ready(address).await.unwrap_err();
    let asked = format!("http://127.0.0.1:{}/readyz", address.port());
    assert!(matches!(error, NotReady::Silent { .. }) && error.to_string().contains(&asked), "{error}");
}

#[tokio::test]
async fn a_service_that_says_nowhere_how_it_is_cannot_be_asked() {
    assert!(matches!(ready(None).await, Err(NotReady::Nowhere)));
}
