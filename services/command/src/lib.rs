//! The command service: load, decide, append.

use std::{path::PathBuf, sync::Arc, time::Duration};

use annals_chassis::{
    config::{HealthArgs, NatsArgs},
    health,
};
use annals_core::{Catalog, bus::CommandRequest};
use annals_nats::{JetStreamLog, Nats};
use clap::Args;
use tokio::{
    task::JoinHandle,
    time::{interval, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

mod aggregate;
mod answer;
mod cache;
mod condition;
mod execute;
mod hash;
mod journal;
mod lanes;
mod later;
mod load;
mod schedule;
mod snapshot;
mod snapshots;
mod warm;

#[cfg(test)]
mod histories_tests;

pub use cache::Fill;
pub use execute::Executor;
pub use schedule::Schedule;
pub use snapshots::{Snapshots, Writer};

use condition::Working;
use later::Later;

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
    #[arg(long, env = "ANNALS_CACHE_BYTES", default_value_t = execute::CACHE_BYTES)]
    pub cache_bytes: usize,
    /// The directory of the snapshots of long streams; left out: none are taken.
    #[arg(long, env = "ANNALS_SNAPSHOTS")]
    pub snapshots: Option<PathBuf>,
}

impl Default for MemoryArgs {
    fn default() -> Self {
        Self { cache_bytes: execute::CACHE_BYTES, snapshots: None }
    }
}

/// How often it is told how full the memory is.
const EVERY: Duration = Duration::from_secs(1);

/// How long it is waited for what goes on beside the commands, at the end.
const ENDING: Duration = Duration::from_secs(5);

/// Serves commands until `shutdown`, then finishes those that have come in.
///
/// # Errors
/// When the service cannot begin: a bad address, or a log that would lose events.
pub async fn run(config: Config, catalog: Catalog, shutdown: CancellationToken) -> anyhow::Result<()> {
    run_with(config, catalog, Schedule::default(), shutdown).await
}

/// As [`run`], with retries at another pace.
///
/// # Errors
/// As for [`run`].
pub async fn run_with(
    config: Config,
    catalog: Catalog,
    schedule: Schedule,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let nats = Nats::connect(&config.nats.nats, "annals-command").await?;
    let working = Arc::new(Working::default());
    health::spawn(config.health.health, &config.nats, &nats, working.clone(), &shutdown).await?;
    let Some(prepared) = shutdown.run_until_cancelled(nats.prepare()).await else { return Ok(()) };
    prepared?;

    let (snapshots, writer) = match &config.memory.snapshots {
        Some(directory) => Snapshots::open(directory).await.unzip(),
        None => (None, None),
    };
    let executor = Executor::new(nats.log(), catalog).with_cache(config.memory.cache_bytes);
    let executor = Arc::new(executor.with_snapshots(snapshots));
    let stop = CancellationToken::new();
    let writer = writer.map(|writer| tokio::spawn(writer.write(stop.clone())));
    let service = nats.serve("annals-command").await?.commands().await?;
    let later = Later::new(executor.clone(), &nats, schedule, working.clone());
    working.begun.now();
    info!("taking commands");
    let beside = tokio::spawn(shutdown.clone().run_until_cancelled_owned(beside(executor.clone())));
    let execute = move |_, request: CommandRequest| {
        let executor = executor.clone();
        async move { executor.execute(request).await }
    };
    tokio::join!(service.run(execute, shutdown.clone()), later.work(shutdown));
    stop.cancel(); // what has been offered is written
    if let Some(writer) = writer {
        end("the writer of snapshots", writer).await;
    }
    end("what goes on beside the commands", beside).await;
    nats.flush().await;
    info!("stopped");
    Ok(())
}

/// Waits for a task that is about to end. Whether it does so or not, the service stops: nothing that such
/// a task does is precious, and a disk may hang.
async fn end<T>(what: &str, task: JoinHandle<T>) {
    match timeout(ENDING, task).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => error!("{what} has failed: {error}"),
        Err(_) => warn!("{what} does not end, and is left behind"),
    }
}

/// What goes on beside the commands: the memory is filled, and it is told how full it is.
async fn beside(executor: Arc<Executor<JetStreamLog>>) {
    let telling = async {
        let mut every = interval(EVERY);
        loop {
            every.tick().await;
            tell(executor.fill());
        }
    };
    tokio::join!(executor.warm_up(), telling);
}

#[allow(clippy::cast_precision_loss)] // a gauge need not tell 2^53 bytes from one more
fn tell(fill: Fill) {
    metrics::gauge!("annals_aggregates_kept").set(fill.aggregates as f64);
    metrics::gauge!("annals_aggregates_bytes").set(fill.bytes as f64);
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_service_stops_whatever_becomes_of_what_goes_on_beside_the_commands() {
        end("one that hangs", tokio::spawn(pending::<()>())).await;
        end("one that panics", tokio::spawn(async { panic!("a defect") })).await;
        end("one that ends", tokio::spawn(async {})).await;
    }
}
