//! The projector: reads the log, keeps the views and the events index, answers queries about them.

use std::{path::PathBuf, sync::Arc};

use annals_chassis::{
    config::{HealthArgs, NatsArgs},
    health,
};
use annals_core::Catalog;
use annals_nats::Nats;
use annals_sqlite::{Directory, EventsIndex};
use anyhow::bail;
use clap::Args;
use tokio_util::sync::CancellationToken;
use tracing::info;

mod error;
mod index;
mod log;
mod model;
mod query;
mod reader;
mod status;
mod timing;
mod views;
mod worker;

use log::LogSource;
use views::{Statuses, Views};

pub use timing::Timing;

/// What the service needs to know.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where NATS is.
    #[command(flatten)]
    pub nats: NatsArgs,
    /// Where to answer for the service's health.
    #[command(flatten)]
    pub health: HealthArgs,
    /// The directory of the views.
    #[arg(long, env = "ANNALS_VIEWS", default_value = "data/views")]
    pub views: PathBuf,
    /// Keep only these views, separated by commas; `events` is the index of events.
    #[arg(long, env = "ANNALS_ONLY", value_delimiter = ',')]
    pub only: Vec<String>,
}

/// Keeps and serves read models until `shutdown`, then finishes what it has begun.
///
/// # Errors
/// When the service cannot begin: a bad address or view, files in use by another projector, or a
/// log that would lose events.
pub async fn run(config: Config, catalog: Catalog, shutdown: CancellationToken) -> anyhow::Result<()> {
    run_with(Timing::default(), config, catalog, shutdown).await
}

/// As [`run`], with other pauses.
///
/// # Errors
/// As for [`run`].
pub async fn run_with(
    timing: Timing,
    config: Config,
    catalog: Catalog,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let known = |name: &str| name == index::NAME || catalog.projection(name).is_some();
    if let Some(unknown) = config.only.iter().find(|name| !known(name)) {
        bail!("there is no view `{unknown}`");
    }
    let directory = Arc::new(Directory::open(&config.views)?);
    directory.tidy(catalog.projections().chain([&EventsIndex::projection()]))?;
    let nats = Nats::connect(&config.nats.nats, "annals-projector").await?;
    let statuses = Arc::new(Statuses::new(&catalog, &config.only));
    health::spawn(config.health.health, &config.nats, &nats, statuses.clone(), &shutdown).await?;
    let Some(log_id) = shutdown.run_until_cancelled(nats.prepare()).await else { return Ok(()) };

    let log = Arc::new(LogSource::new(&nats, directory.copy(), log_id?));
    let views = Views::new(&catalog, &statuses, &directory, &log, timing);
    // They are kept until the last query has been answered: some wait for what is to come.
    let stop = CancellationToken::new();
    let tasks = views.spawn(&stop);
    info!("keeping {} views in {}", tasks.len(), config.views.display());
    let served = views.serve(&nats, shutdown).await;
    stop.cancel();
    tasks.wait().await;
    nats.flush().await;
    info!("stopped");
    Ok(served?)
}
