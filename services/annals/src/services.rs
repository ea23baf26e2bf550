//! The services as tasks of this process.

use std::path::PathBuf;

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_core::Catalog;
use anyhow::Context;
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::error;

/// Where the services find what they need.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub nats: String,
    pub nats_monitor: Option<String>,
    pub views: PathBuf,
}

/// Running services. The gateway stops first, so that what it has let in is still answered.
pub(crate) struct Services {
    tasks: JoinSet<anyhow::Result<()>>,
    gateway: JoinSet<anyhow::Result<()>>,
    stop_gateway: CancellationToken,
    stop_workers: CancellationToken,
}

impl Services {
    pub(crate) fn start(places: &Places, catalog: &Catalog, listener: TcpListener) -> Self {
        let (stop_gateway, stop_workers) = (CancellationToken::new(), CancellationToken::new());
        let Places { nats, nats_monitor, views } = places.clone();
        let health = HealthArgs::default(); // nowhere: the gateway's /readyz is the whole system's
        let args = NatsArgs { nats: nats.clone(), nats_monitor: nats_monitor.clone() };

        let mut tasks = JoinSet::new();
        let command = annals_command::Config { nats: args.clone(), health: health.clone() };
        tasks.spawn(annals_command::run(command, catalog.clone(), stop_workers.clone()));
        let projector =
            annals_projector::Config { nats: args.clone(), health: health.clone(), views, only: vec![] };
        tasks.spawn(annals_projector::run(projector, catalog.clone(), stop_workers.clone()));
        let reactor = annals_reactor::Config { nats: args, health, only: vec![] };
        tasks.spawn(annals_reactor::run(reactor, catalog.clone(), stop_workers.clone()));

        let mut gateway = JoinSet::new();
        let listen = listener.local_addr().expect("a bound listener has an address");
        let config = annals_gateway::Config { listen, nats, nats_monitor };
        gateway.spawn(annals_gateway::serve(listener, config, catalog.clone(), stop_gateway.clone()));
        Self { tasks, gateway, stop_gateway, stop_workers }
    }

    /// Waits for a service to end by itself, which none should.
    pub(crate) async fn failure(&mut self) -> anyhow::Error {
        let ended = tokio::select! {
            Some(ended) = self.tasks.join_next() => ended,
            Some(ended) = self.gateway.join_next() => ended,
        };
        match result(ended) {
            Ok(()) => anyhow::anyhow!("a service ended by itself"),
            Err(error) => error,
        }
    }

    /// Lets every service finish what it has begun.
    pub(crate) async fn stop(mut self) {
        self.stop_gateway.cancel();
        drain(&mut self.gateway).await;
        self.stop_workers.cancel();
        drain(&mut self.tasks).await;
    }
}

async fn drain(tasks: &mut JoinSet<anyhow::Result<()>>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = result(ended) {
            error!("a service ended badly: {error:#}");
        }
    }
}

fn result(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.context("a service panicked")?
}
