//! The services as tasks of this process.

use std::{path::PathBuf, time::Duration};

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_core::Catalog;
use annals_nats::Nats;
use anyhow::{Context, anyhow};
use futures_util::future::{pending, select_all};
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinHandle},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// How often those who are waited for are named.
const EVERY: Duration = Duration::from_secs(10);

/// Where the services find what they need.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub nats: String,
    pub nats_monitor: Option<String>,
    pub views: PathBuf,
    pub snapshots: PathBuf,
}

/// Running services, in the order in which they stop: whoever asks stops before whoever answers.
pub(crate) struct Services(Vec<Service>);

struct Service {
    name: &'static str,
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Services {
    pub(crate) fn start(places: &Places, catalog: &Catalog, listener: TcpListener) -> Self {
        let Places { nats, nats_monitor, views, snapshots } = places.clone();
        let health = HealthArgs::default(); // nowhere: the gateway's /readyz is the whole system's
        let args = NatsArgs { nats: nats.clone(), nats_monitor: nats_monitor.clone() };
        let listen = listener.local_addr().expect("a bound listener has an address");

        let gateway = annals_gateway::Config { listen, nats, nats_monitor };
        let reactor = annals_reactor::Config { nats: args.clone(), health: health.clone(), only: vec![] };
        let projector =
            annals_projector::Config { nats: args.clone(), health: health.clone(), views, only: vec![] };
        let memory = annals_command::MemoryArgs { snapshots: Some(snapshots), ..Default::default() };
        let command = annals_command::Config { nats: args, health, memory };
        Self(vec![
            spawn("gateway", |stop| annals_gateway::serve(listener, gateway, catalog.clone(), stop)),
            spawn("reactor", |stop| annals_reactor::run(reactor, catalog.clone(), stop)),
            spawn("projector", |stop| annals_projector::run(projector, catalog.clone(), stop)),
            spawn("command", |stop| annals_command::run(command, catalog.clone(), stop)),
        ])
    }

    /// No services.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// The names of those that answer on the bus.
    pub(crate) fn on_the_bus(&self) -> Vec<String> {
        let answering = self.0.iter().filter(|it| it.name != "gateway");
        answering.map(|it| format!("annals-{}", it.name)).collect()
    }

    /// Waits for a service to end by itself, which none should.
    pub(crate) async fn failure(&mut self) -> anyhow::Error {
        if self.0.is_empty() {
            return pending().await;
        }
        let (ended, index, _) = select_all(self.0.iter_mut().map(|service| &mut service.task)).await;
        let Service { name, .. } = self.0.remove(index);
        match result(ended) {
            Ok(()) => anyhow!("the {name} service ended by itself"),
            Err(error) => error.context(format!("the {name} service ended")),
        }
    }

    /// Lets every service finish what it has begun.
    pub(crate) async fn stop(self) {
        for Service { name, stop, task } in self.0 {
            stop.cancel();
            if let Err(error) = result(task.await) {
                error!("the {name} service ended badly: {error:#}");
            }
        }
    }
}

/// Waits until services of these names answer on the bus.
pub(crate) async fn all_present(url: &str, names: &[String]) -> anyhow::Result<()> {
    let bus = Nats::connect(url, "annals-up").await?.bus();
    for name in names {
        let present = async {
            while !bus.present(name).await {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::pin!(present);
        while timeout(EVERY, &mut present).await.is_err() {
            warn!("still waiting for {name}");
        }
    }
    Ok(())
}

fn spawn<F>(name: &'static str, run: impl FnOnce(CancellationToken) -> F) -> Service
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let stop = CancellationToken::new();
    let task = tokio::spawn(run(stop.clone()));
    Service { name, stop, task }
}

fn result(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.context("it panicked")?
}
