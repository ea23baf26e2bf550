//! The command service: decides commands, and writes what they lead to.

use std::{path::PathBuf, sync::Arc, time::Duration};

use annals_chassis::{
    config::{HealthArgs, NatsArgs},
    health,
};
use annals_core::{
    Catalog,
    bus::{CommandLookup, CommandRequest},
    log::{LogError, ReadError},
};
use annals_nats::{JetStreamLog, Nats};
use anyhow::{Context, bail};
use clap::Args;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

mod aggregate;
mod answer;
mod append;
mod batch;
mod cache;
mod condition;
mod decide;
mod executor;
mod pending;
mod queue_worker;
mod recent;
mod retry_policy;
mod standby;
mod states;
mod store;
mod telemetry;
mod writer;

pub use executor::{Executor, Running};
pub use retry_policy::RetryPolicy;

use condition::Health;
use queue_worker::QueueWorker;

/// What the service has to be told.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where NATS is.
    #[command(flatten)]
    pub nats: NatsArgs,
    /// Where to say how the service is.
    #[command(flatten)]
    pub health: HealthArgs,
    /// What to keep, and where.
    #[command(flatten)]
    pub memory: MemoryArgs,
}

/// What the service keeps, so that it need not ask the log: nothing of it is precious.
#[derive(Debug, Clone, Args)]
pub struct MemoryArgs {
    /// How many bytes of aggregates to keep in memory, about: a small one takes 400.
    #[arg(long, env = "ANNALS_CACHE_BYTES", default_value_t = executor::CACHE_BYTES)]
    pub cache_bytes: usize,
    /// The directory of the state store; several instances can share it.
    #[arg(long, env = "ANNALS_STATE", default_value = "data/state")]
    pub state: PathBuf,
}

impl MemoryArgs {
    /// The state store there, and as many bytes as usual.
    #[must_use]
    pub fn new(state: PathBuf) -> Self {
        Self { cache_bytes: executor::CACHE_BYTES, state }
    }
}

/// Before the log is folded again, after it was away.
const START_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// How long the writer may take to end.
const FINISH_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves commands until `shutdown`, then finishes those that have come in.
///
/// # Errors
/// When the service cannot begin: a bad address, or a log that would lose events.
pub async fn run(config: Config, catalog: Catalog, shutdown: CancellationToken) -> anyhow::Result<()> {
    Box::pin(run_with(config, catalog, RetryPolicy::default(), shutdown)).await // it is large
}

/// As [`run`], with retries at another pace.
///
/// # Errors
/// As for [`run`].
pub async fn run_with(
    config: Config,
    catalog: Catalog,
    policy: RetryPolicy,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let nats = Nats::connect(&config.nats.nats, "annals-command").await?;
    let health = Arc::new(Health::default());
    health::spawn(config.health.health, &config.nats, &nats, health.clone(), &shutdown).await?;
    let Some(prepared) = shutdown.run_until_cancelled(nats.prepare()).await else { return Ok(()) };
    let log = nats.log(prepared?);

    let starting = Box::pin(start(log, catalog, &config.memory, &health));
    let Some(started) = shutdown.run_until_cancelled(starting).await else { return Ok(()) };
    let (executor, mut running) = started?;
    let commands = nats.serve_commands("annals-command").await?;
    let stored = nats.serve("annals-stored-commands").await?.stored_commands().await?;
    let queue = QueueWorker::new(executor.clone(), &nats, policy, health.clone());
    health.begun.now();
    info!("taking commands");

    let (execute, find) = (executor.clone(), executor);
    let execute = move |request: CommandRequest| {
        let executor = execute.clone();
        async move { executor.execute(request).await }
    };
    let find = move |_, lookup: CommandLookup| {
        let executor = find.clone();
        async move { executor.find(lookup).await }
    };
    let serving = async {
        let commands = commands.run(execute, shutdown.clone());
        tokio::join!(commands, stored.run(find, shutdown.clone()), queue.run(shutdown.clone()))
    };
    tokio::select! {
        _ = serving => {}
        ended = running.finish() => return ended.context("the writer has ended by itself"),
    }
    let ended = timeout(FINISH_TIMEOUT, running.finish()).await;
    ended.unwrap_or_else(|_| bail!("the writer does not end, and is left behind"))?;
    nats.flush().await;
    info!("stopped");
    Ok(())
}

/// Folds the log and begins to write. A server that goes away meanwhile is waited for.
async fn start(
    log: JetStreamLog,
    catalog: Catalog,
    memory: &MemoryArgs,
    health: &Arc<Health>,
) -> anyhow::Result<(Executor<JetStreamLog>, Running)> {
    let MemoryArgs { cache_bytes, state } = memory;
    loop {
        let (log, catalog, health) = (log.clone(), catalog.clone(), health.clone());
        match Box::pin(Executor::start_with(log, catalog, state, *cache_bytes, health)).await {
            Err(error) if is_away(&error) => warn!("the log cannot be folded, trying again: {error}"),
            started => return started,
        }
        sleep(START_AGAIN_AFTER).await;
    }
}

fn is_away(error: &anyhow::Error) -> bool {
    error.is::<LogError>() || matches!(error.downcast_ref(), Some(ReadError::Log(_)))
}
