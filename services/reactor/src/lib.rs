//! The reactor service: reads the log, acts on it.

use std::{collections::BTreeMap, sync::Arc};

use annals_chassis::{
    config::{HealthArgs, NatsArgs},
    health,
};
use annals_core::{Catalog, bus::ReactorRequest};
use annals_nats::Nats;
use anyhow::bail;
use clap::Args;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

mod act;
mod channel;
mod condition;
mod deliver;
mod give;
mod lookout;
mod pauses;
mod react;
mod tend;
mod trouble;

pub use pauses::Pauses;

use act::Actor;
use condition::Reactors;
use lookout::Lookout;

/// What the service has to be told.
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

/// Runs reactors until `shutdown`, then finishes what has been begun.
///
/// # Errors
/// When the service cannot begin: a bad address or reactor, or a log that would lose events.
pub async fn run(config: Config, catalog: Catalog, shutdown: CancellationToken) -> anyhow::Result<()> {
    run_with(config, catalog, Pauses::default(), shutdown).await
}

/// As [`run`], with retries at another pace.
///
/// # Errors
/// As for [`run`].
pub async fn run_with(
    config: Config,
    catalog: Catalog,
    pauses: Pauses,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    if let Some(unknown) = config.only.iter().find(|name| catalog.reactors().all(|it| it.name != *name)) {
        bail!("there is no reactor `{unknown}`");
    }
    let nats = Nats::connect(&config.nats.nats, "annals-reactor").await?;
    let condition = Arc::new(Reactors::default());
    health::spawn(config.health.health, &config.nats, &nats, condition.clone(), &shutdown).await?;
    let Some(prepared) = shutdown.run_until_cancelled(nats.prepare()).await else { return Ok(()) };
    prepared?;

    let mut service = nats.serve("annals-reactor").await?;
    let (tasks, mut lookouts) = (TaskTracker::new(), BTreeMap::new());
    let wanted = |name: &str| config.only.is_empty() || config.only.iter().any(|it| it == name);
    for reactor in catalog.reactors().filter(|reactor| wanted(reactor.name)) {
        let actor =
            Arc::new(Actor::new(reactor.clone(), catalog.clone(), &nats, pauses, condition.trouble.clone()));
        service = service.reactor(reactor.name).await?;
        lookouts.insert(reactor.name, Arc::new(Lookout::new(actor.clone(), nats.clone())));
        tasks.spawn(react::react(actor, nats.clone(), shutdown.clone()));
    }
    condition.begun.now();
    info!("running {} reactors", tasks.len());

    let answer = move |reactor: Arc<str>, request: ReactorRequest| {
        let lookout = lookouts[&*reactor].clone();
        async move { lookout.answer(request).await }
    };
    service.run(answer, shutdown).await;
    tasks.close();
    tasks.wait().await;
    nats.flush().await;
    info!("stopped");
    Ok(())
}
