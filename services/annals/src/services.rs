//! The services as tasks of this process.

use std::{path::PathBuf, time::Duration};

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_command::MemoryArgs;
use annals_core::Catalog;
use annals_nats::Nats;
use anyhow::{Context, anyhow};
use futures_util::future::{pending, select_all};
use tokio::{
    net::TcpListener,
    task::JoinError,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{error, warn};

/// How often those who are waited for are named.
const EVERY: Duration = Duration::from_secs(10);

/// Where the services find what they need.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub nats: String,
    pub nats_monitor: Option<String>,
    pub views: PathBuf,
    pub state: PathBuf,
}

/// Running services, in the order in which they stop: whoever asks stops before whoever answers.
pub(crate) struct Services(Vec<Service>);

struct Service {
    name: &'static str,
    stop: CancellationToken,
    task: AbortOnDropHandle<anyhow::Result<()>>,
}

impl Services {
    pub(crate) fn start(places: &Places, catalog: &Catalog, listener: TcpListener) -> Self {
        Self(vec![
            gateway(places, catalog, listener),
            reactor(places, catalog),
            projector(places, catalog, &[]),
            command(places, catalog),
        ])
    }

    /// The projector alone, with these views; none named: all.
    pub(crate) fn projector(places: &Places, catalog: &Catalog, only: &[&str]) -> Self {
        Self(vec![projector(places, catalog, only)])
    }

    /// The command service alone.
    pub(crate) fn command(places: &Places, catalog: &Catalog) -> Self {
        Self(vec![command(places, catalog)])
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

    /// Does this, unless a service ends meanwhile.
    pub(crate) async fn beside<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        tokio::select! { worked = work => worked, failure = self.failure() => Err(failure) }
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

impl Places {
    fn nats(&self) -> NatsArgs {
        NatsArgs { nats: self.nats.clone(), nats_monitor: self.nats_monitor.clone() }
    }
}

/// The gateway's /readyz is the whole system's: the others say nowhere how they are.
const NOWHERE: HealthArgs = HealthArgs { health: None };

fn gateway(places: &Places, catalog: &Catalog, listener: TcpListener) -> Service {
    let listen = listener.local_addr().expect("a bound listener has an address");
    let NatsArgs { nats, nats_monitor } = places.nats();
    let config = annals_gateway::Config { listen, nats, nats_monitor };
    spawn("gateway", |stop| annals_gateway::serve(listener, config, catalog.clone(), stop))
}

fn reactor(places: &Places, catalog: &Catalog) -> Service {
    let config = annals_reactor::Config { nats: places.nats(), health: NOWHERE, only: vec![] };
    spawn("reactor", |stop| annals_reactor::run(config, catalog.clone(), stop))
}

fn projector(places: &Places, catalog: &Catalog, only: &[&str]) -> Service {
    let (nats, views) = (places.nats(), places.views.clone());
    let only = only.iter().map(ToString::to_string).collect();
    let config = annals_projector::Config { nats, health: NOWHERE, views, only };
    spawn("projector", |stop| annals_projector::run(config, catalog.clone(), stop))
}

fn command(places: &Places, catalog: &Catalog) -> Service {
    let memory = MemoryArgs::new(places.state.clone());
    let config = annals_command::Config { nats: places.nats(), health: NOWHERE, memory };
    spawn("command", |stop| annals_command::run(config, catalog.clone(), stop))
}

fn spawn<F>(name: &'static str, run: impl FnOnce(CancellationToken) -> F) -> Service
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let stop = CancellationToken::new();
    let task = AbortOnDropHandle::new(tokio::spawn(run(stop.clone())));
    Service { name, stop, task }
}

fn result(ended: Result<anyhow::Result<()>, JoinError>) -> anyhow::Result<()> {
    ended.context("it panicked")?
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Services {
        /// Something that stands for the service of this name.
        pub(crate) fn one<F>(name: &'static str, run: impl FnOnce(CancellationToken) -> F) -> Self
        where
            F: Future<Output = anyhow::Result<()>> + Send + 'static,
        {
            Self(vec![spawn(name, run)])
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_ever_beside_a_service_that_has_ended() {
        let mut services = Services::one("command", |_| async { Err(anyhow!("no disk")) });
        let error = services.beside(pending::<anyhow::Result<()>>()).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "the command service ended: no disk");
        assert_eq!(services.beside(async { Ok(7) }).await.unwrap(), 7);
    }
}
