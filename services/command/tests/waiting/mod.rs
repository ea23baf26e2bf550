//! Command services at work on what waits in the queue.
#![allow(dead_code, clippy::unwrap_used)] // each test uses its part

use std::time::Duration;

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_command::{Config, MemoryArgs, Schedule, run_with};
use annals_core::{Catalog, Outcome, bus::CommandRequest};
use annals_nats::{Nats, Put};
use annals_testkit::{TestNats, eventually_within};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// A second takes a millisecond, so that an hour takes 3.6 seconds.
pub const QUICK: Schedule = Schedule { unit: Duration::from_millis(1) };

/// A second takes a tenth of it, and an hour six minutes.
pub const SLOW: Schedule = Schedule { unit: Duration::from_millis(100) };

/// A command service at work.
pub struct Running {
    service: JoinHandle<anyhow::Result<()>>,
    shutdown: CancellationToken,
}

impl Running {
    pub fn at(server: &TestNats) -> Self {
        Self::with(server, annals_domains::catalog(), QUICK)
    }

    pub fn with(server: &TestNats, catalog: Catalog, schedule: Schedule) -> Self {
        let (shutdown, nats) =
            (CancellationToken::new(), NatsArgs { nats: server.url(), nats_monitor: None });
        let config = Config { nats, health: HealthArgs::default(), memory: MemoryArgs::default() };
        let run = run_with(config, catalog, schedule, shutdown.clone());
        Self { service: tokio::spawn(run), shutdown }
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        let ended = timeout(Duration::from_secs(10), self.service).await;
        ended.expect("it ends within 10 s").unwrap().unwrap();
    }
}

pub async fn world() -> (TestNats, Nats) {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "test").await.unwrap();
    nats.prepare().await.unwrap();
    (server, nats)
}

pub async fn put(nats: &Nats, request: &CommandRequest) {
    assert!(matches!(nats.queue().put(request.clone()).await.unwrap(), Put::Now));
}

/// Waits until the queue has forgotten it, and gives its outcome.
pub async fn outcome(nats: &Nats, request: &CommandRequest) -> Outcome {
    let dealt_with = eventually_within(Duration::from_secs(30), "it is dealt with", async || {
        nats.queue().find(request.id).await.is_ok_and(|there| there.is_none())
    });
    dealt_with.await;
    nats.outcomes().find(request.id).await.unwrap().expect("it is kept before it is forgotten").outcome
}
