//! Writers and whole services on a server.

use std::{collections::HashMap, sync::Arc, time::Duration};

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_command::{Config, MemoryArgs, RetryPolicy, run_with};
use annals_core::{
    Catalog, Stage, StreamId,
    bus::{CommandReply, CommandRequest},
};
use annals_nats::{Bus, JetStreamLog, Nats, Put};
use annals_testkit::{TestNats, eventually, eventually_within, nats};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::bank::{Service, entries, stream};

pub type Writer = Service<JetStreamLog>;

/// A second takes a millisecond, so that an hour takes 3.6 seconds.
pub const QUICK: RetryPolicy = RetryPolicy { unit: Duration::from_millis(1) };

/// A second takes a tenth of it, and an hour six minutes.
pub const SLOW: RetryPolicy = RetryPolicy { unit: Duration::from_millis(100) };

pub async fn log(url: &str) -> JetStreamLog {
    let nats = Nats::connect(url, "test").await.unwrap();
    nats.log(nats.prepare().await.unwrap())
}

/// A writer with a connection of its own.
pub async fn writer(url: &str) -> Writer {
    Service::on(log(url).await).await
}

/// Every command of the log is there once; how many there are.
pub async fn assert_once(log: &JetStreamLog) -> usize {
    let mut counts: HashMap<Uuid, usize> = HashMap::new();
    for entry in entries(log).await {
        for stored in &entry.commits {
            *counts.entry(stored.commit.id).or_default() += 1;
        }
    }
    assert!(counts.values().all(|count| *count == 1), "a command is there twice");
    counts.len()
}

/// The ids of the commands on an account.
pub async fn commands(log: &JetStreamLog, account: Uuid) -> Vec<Uuid> {
    let commits = stream(log, &StreamId::new("account", account)).await;
    commits.iter().map(|stored| stored.commit.id).collect()
}

/// A whole command service.
pub struct Running {
    service: JoinHandle<anyhow::Result<()>>,
    shutdown: CancellationToken,
    state: Arc<TempDir>,
}

impl Running {
    pub fn at(server: &TestNats) -> Self {
        Self::with(server, annals_domains::catalog(), QUICK)
    }

    pub fn with(server: &TestNats, catalog: Catalog, policy: RetryPolicy) -> Self {
        Self::on(&server.url(), catalog, policy, Arc::new(TempDir::new().unwrap()))
    }

    pub fn on(url: &str, catalog: Catalog, policy: RetryPolicy, state: Arc<TempDir>) -> Self {
        let (shutdown, nats) = (CancellationToken::new(), NatsArgs { nats: url.into(), nats_monitor: None });
        let memory = MemoryArgs::new(state.path().to_owned());
        let config = Config { nats, health: HealthArgs::default(), memory };
        let service = tokio::spawn(run_with(config, catalog, policy, shutdown.clone()));
        Self { service, shutdown, state }
    }

    /// Stops it; the directory of its state store.
    pub async fn stop(self) -> Arc<TempDir> {
        self.shutdown.cancel();
        let ended = timeout(Duration::from_secs(15), self.service).await;
        ended.expect("it ends within 15 s").unwrap().unwrap();
        self.state
    }
}

/// A server, and the client's side of the bus.
pub async fn world() -> (TestNats, Nats) {
    let server = nats().await;
    let nats = Nats::connect(&server.url(), "test").await.unwrap();
    nats.prepare().await.unwrap();
    (server, nats)
}

pub async fn present(bus: &Bus) {
    eventually("the service is there", async || bus.present("annals-command").await).await;
}

pub async fn put(nats: &Nats, request: &CommandRequest) {
    assert!(matches!(nats.queue().put(request).await.unwrap(), Put::Enqueued));
}

/// What became of a command of the queue, as a client learns it: waits until it is settled.
pub async fn outcome(nats: &Nats, request: &CommandRequest) -> (Stage, CommandReply) {
    let settled = eventually_within(Duration::from_secs(30), "it is settled", async || {
        nats.queue().find(request.id).await.is_ok_and(|there| there.is_none())
    });
    settled.await;
    let found =
        eventually("the service answers", async || nats.bus().find_command(request.id, None).await.ok());
    if let Some(accepted) = found.await {
        return (Stage::Succeeded, Ok(accepted));
    }
    let kept = nats.outcomes().find(request.id).await.unwrap().expect("it is kept before it is forgotten");
    (kept.outcome.stage(), kept.outcome.reply)
}

/// How often commands of the queue have been delivered.
pub async fn deliveries(server: &TestNats) -> u64 {
    let info = annals_testkit::raw(&server.url(), "$JS.API.CONSUMER.INFO.COMMANDS.commands", "").await;
    let info: serde_json::Value = serde_json::from_str(&info).unwrap();
    info["delivered"]["consumer_seq"].as_u64().unwrap_or_default()
}
