//! What is measured: a nats-server of its own, on an empty directory, and the services that are needed.

use std::{net::SocketAddr, path::Path};

use annals_nats::{
    Nats,
    server::{NatsServer, Options},
};
use tokio::net::TcpListener;

use super::Bench;
use crate::services::{Places, Services, all_present};

/// What has to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// nats-server, which holds an empty log.
    Log,
    /// And all services, as `annals up` runs them.
    Everything,
}

/// What runs.
pub(crate) struct System {
    server: NatsServer,
    services: Services,
    /// Where whatever else is started finds what it needs.
    pub places: Places,
    /// Where the gateway listens, if it runs.
    pub gateway: SocketAddr,
}

impl System {
    /// Runs what is needed for as long as `work` takes, and not longer, whatever becomes of it.
    pub(crate) async fn during<T>(
        bench: &Bench,
        needs: Needs,
        work: impl AsyncFnOnce(&Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let home = bench.directory.fresh()?;
        Self::over(home.path(), bench, needs, work).await
    }

    /// The same over what is in this directory, which is kept.
    pub(crate) async fn over<T>(
        home: &Path,
        bench: &Bench,
        needs: Needs,
        work: impl AsyncFnOnce(&Self) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let server = NatsServer::start(Options::new(home.join("nats"))).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let gateway = listener.local_addr()?;
        let places = Places {
            nats: server.url(),
            nats_monitor: Some(server.monitor_url()),
            views: home.join("views"),
            snapshots: home.join("snapshots"),
        };
        let services = match needs {
            Needs::Log => Services::none(),
            Needs::Everything => Services::start(&places, &bench.catalog, listener),
        };
        let system = Self { server, services, places, gateway };
        let ready_and_done = async {
            system.nats().await?.prepare().await?;
            all_present(&system.server.url(), &system.services.on_the_bus()).await?;
            work(&system).await
        };
        let worked = bench.unless_stopped(ready_and_done).await;
        system.services.stop().await;
        system.server.stop().await;
        worked
    }

    /// A connection of one's own.
    pub(crate) async fn nats(&self) -> anyhow::Result<Nats> {
        Ok(Nats::connect(&self.server.url(), "annals-bench").await?)
    }

    /// Where the server tells about itself.
    pub(crate) fn monitor_url(&self) -> String {
        self.server.monitor_url()
    }

    /// Which process the server is.
    pub(crate) fn server_pid(&self) -> u32 {
        self.server.pid()
    }
}
