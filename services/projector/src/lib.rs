//! The projector: reads the log, keeps the views, answers questions about them.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use annals_chassis::{
    config::{HealthArgs, NatsArgs},
    health,
};
use annals_core::{Catalog, bus::ViewRequest};
use annals_nats::Nats;
use annals_sqlite::Directory;
use anyhow::{Context, bail};
use clap::Args;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

mod answer;
mod check;
mod keep;
mod keeper;
mod progress;
mod trouble;

use keeper::Keeper;

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
    let directory = Directory::open(&config.views)?;
    let nats = Nats::connect(&config.nats.nats, "annals-projector").await?;
    let keepers = open(&config, &catalog, &directory, &nats).await?;
    let watched = keepers.clone();
    let degraded = Arc::new(move || {
        let stuck = watched.iter().filter(|(_, keeper)| keeper.progress.now().trouble.is_some());
        stuck.map(|(view, _)| format!("view {view}")).collect()
    });
    health::spawn(config.health.health, &config.nats, &nats, degraded, &shutdown).await?;
    let Some(prepared) = shutdown.run_until_cancelled(nats.prepare()).await else { return Ok(()) };
    prepared?;

    // The views are kept until the last question has been answered: some wait for what is to come.
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let mut service = nats.serve("annals-projector").await?;
    for (view, keeper) in &keepers {
        tasks.spawn(keep::keep(keeper.clone(), stop.clone()));
        service = service.view(view).await?;
    }
    info!("keeping {} views in {}", keepers.len(), config.views.display());

    let answer = move |view: Arc<str>, request: ViewRequest| {
        let keeper = keepers[&*view].clone();
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

type Keepers = BTreeMap<&'static str, Arc<Keeper>>;

async fn open(
    config: &Config,
    catalog: &Catalog,
    directory: &Directory,
    nats: &Nats,
) -> anyhow::Result<Keepers> {
    if let Some(unknown) = config.only.iter().find(|view| catalog.projection(view).is_none()) {
        bail!("there is no view `{unknown}`");
    }
    let mut keepers = Keepers::new();
    for projection in catalog.projections() {
        if config.only.is_empty() || config.only.iter().any(|view| view == projection.view) {
            let keeper = Keeper::open(nats, directory, projection).await;
            let keeper = keeper.with_context(|| format!("view `{}` cannot be opened", projection.view))?;
            keepers.insert(projection.view, Arc::new(keeper));
        }
    }
    Ok(keepers)
}
