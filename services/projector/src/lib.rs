//! The projector: reads the log, keeps the views, answers questions about them.

use std::{path::PathBuf, sync::Arc};

use annals_chassis::{
    config::{HealthArgs, NatsArgs},
    health,
};
use annals_core::{Catalog, bus::ViewRequest};
use annals_nats::Nats;
use annals_sqlite::Directory;
use anyhow::bail;
use clap::Args;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

mod ahead;
mod answer;
mod check;
mod keep;
mod keeper;
mod keepers;
mod pace;
mod progress;
mod take;
mod trouble;

use keeper::Keeper;
use keepers::Keepers;

pub use pace::Pace;

/// What the service has to be told.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where NATS is.
    #[command(flatten)]
    pub nats: NatsArgs,
    /// Where to say how the service is.
    #[command(flatten)]
    pub health: HealthArgs,
    /// The directory of the views.
    #[arg(long, env = "ANNALS_VIEWS", default_value = "data/views")]
    pub views: PathBuf,
    /// Keep only these views, separated by commas.
    #[arg(long, env = "ANNALS_ONLY", value_delimiter = ',')]
    pub only: Vec<String>,
}

/// Keeps and serves views until `shutdown`, then finishes what it has begun.
///
/// # Errors
/// When the service cannot begin: a bad address or view, files in use by another projector, or a
/// log that would lose events.
pub async fn run(config: Config, catalog: Catalog, shutdown: CancellationToken) -> anyhow::Result<()> {
    run_at(Pace::default(), config, catalog, shutdown).await
}

/// As [`run`], with other pauses.
///
/// # Errors
/// As for [`run`].
pub async fn run_at(
    pace: Pace,
    config: Config,
    catalog: Catalog,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    if let Some(unknown) = config.only.iter().find(|view| catalog.projection(view).is_none()) {
        bail!("there is no view `{unknown}`");
    }
    let directory = Arc::new(Directory::open(&config.views)?);
    directory.tidy(catalog.projections())?;
    let nats = Nats::connect(&config.nats.nats, "annals-projector").await?;
    let wanted = |view: &str| config.only.is_empty() || config.only.iter().any(|it| it == view);
    let projections = catalog.projections().filter(|it| wanted(it.view));
    let keepers: Keepers = projections.map(|it| Keeper::new(&nats, &directory, it, pace)).collect();
    let keepers = Arc::new(keepers);
    health::spawn(config.health.health, &config.nats, &nats, keepers.clone(), &shutdown).await?;
    let Some(prepared) = shutdown.run_until_cancelled(nats.prepare()).await else { return Ok(()) };
    prepared?;

    let mut service = nats.serve("annals-projector").await?;
    for keeper in keepers.iter() {
        service = service.view(keeper.projection.view).await?;
    }
    // The views are kept until the last question has been answered: some wait for what is to come.
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    for keeper in keepers.iter() {
        tasks.spawn(keep::keep(keeper.clone(), stop.clone()));
    }
    info!("keeping {} views in {}", tasks.len(), config.views.display());

    let answer = move |view: Arc<str>, request: ViewRequest| {
        let keeper = keepers.of(&view);
        async move { keeper.answer(request).await }
    };
    service.run(answer, shutdown).await;
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    nats.flush().await;
    info!("stopped");
    Ok(())
}
