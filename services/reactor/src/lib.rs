//! The reactor service: reads the log, and does what follows from it.

use std::sync::Arc;

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_core::Catalog;
use annals_nats::{Nats, SharedReader};
use anyhow::bail;
use clap::Args;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;
use uuid::Uuid;

mod channels;
mod checkpoint;
mod dispatch;
mod health;
mod notifications;
mod reader;
mod session;
mod status;
mod timing;
mod unsettled;
mod worker;

pub use timing::Timing;

use dispatch::Dispatcher;
use health::Health;
use worker::Worker;

/// The service's options.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where NATS is.
    #[command(flatten)]
    pub nats: NatsArgs,
    /// Where to say how the service is.
    #[command(flatten)]
    pub health: HealthArgs,
    /// Run only these reactors, separated by commas.
    #[arg(long, env = "ANNALS_ONLY", value_delimiter = ',')]
    pub only: Vec<String>,
}

/// Runs reactors until `shutdown`, then finishes what has been begun. Of several instances one works on each
/// reactor, and the others stand by.
///
/// # Errors
/// When the service cannot begin: a bad address or reactor, or a log that would lose events.
pub async fn run(config: Config, catalog: Catalog, shutdown: CancellationToken) -> anyhow::Result<()> {
    run_with(config, catalog, Timing::default(), shutdown).await
}

/// As [`run`], with another timing.
///
/// # Errors
/// As for [`run`].
pub async fn run_with(
    config: Config,
    catalog: Catalog,
    timing: Timing,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    if let Some(unknown) = config.only.iter().find(|name| catalog.reactors().all(|it| it.name != *name)) {
        bail!("there is no reactor `{unknown}`");
    }
    let nats = Nats::connect(&config.nats.nats, "annals-reactor").await?;
    let health = Health::default();
    let condition = Arc::new(health.clone());
    annals_chassis::health::spawn(config.health.health, &config.nats, &nats, condition, &shutdown).await?;
    let Some(prepared) = shutdown.run_until_cancelled(nats.prepare()).await else { return Ok(()) };
    let log = nats.log(prepared?);

    let instance: Arc<str> = Uuid::new_v4().to_string().into();
    let shared = SharedReader::new(log, format!("reactor-{instance}"));
    let (bus, tasks) = (nats.bus(), TaskTracker::new());
    let wanted = |name: &str| config.only.is_empty() || config.only.iter().any(|it| it == name);
    for reactor in catalog.reactors().filter(|reactor| wanted(reactor.name)) {
        let dispatcher = Dispatcher {
            reactor: reactor.clone(),
            catalog: catalog.clone(),
            bus: bus.clone(),
            markers: nats.delivery_markers(),
            timing,
            health: health.clone(),
        };
        let (nats, shared, instance) = (nats.clone(), shared.clone(), instance.clone());
        let worker = Worker { dispatcher, nats, shared, instance };
        tasks.spawn(worker.run(shutdown.clone()));
    }
    health.begin();
    info!("running {} reactors", tasks.len());

    tasks.close();
    tasks.wait().await;
    nats.flush().await;
    info!("stopped");
    Ok(())
}
