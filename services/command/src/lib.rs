//! The command service: load, decide, append.

use std::sync::Arc;

use annals_chassis::{
    config::{HealthArgs, NatsArgs},
    health,
};
use annals_core::{Catalog, bus::CommandRequest};
use annals_nats::Nats;
use clap::Args;
use tokio_util::sync::CancellationToken;
use tracing::info;

mod aggregate;
mod condition;
mod execute;
mod journal;
mod lanes;
mod later;
mod schedule;

pub use execute::Executor;
pub use schedule::Schedule;

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
}

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

    let executor = Arc::new(Executor::new(nats.log(), catalog));
    let service = nats.serve("annals-command").await?.commands().await?;
    let later = Later::new(executor.clone(), &nats, schedule, working.clone());
    working.begun.now();
    info!("taking commands");
    let execute = move |_, request: CommandRequest| {
        let executor = executor.clone();
        async move { executor.execute(request).await }
    };
    tokio::join!(service.run(execute, shutdown.clone()), later.work(shutdown));
    nats.flush().await;
    info!("stopped");
    Ok(())
}
