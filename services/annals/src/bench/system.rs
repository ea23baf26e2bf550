//! What is measured: a nats-server of its own, on an empty directory, and the services that are needed.

use std::{net::SocketAddr, path::Path, time::Duration};

use annals_command::{Executor, MemoryArgs};
use annals_nats::{
    JetStreamLog, Nats,
    server::{NatsServer, Options, last_lines},
};
use anyhow::Context;
use tokio::{net::TcpListener, time::timeout};

use super::Bench;
use crate::services::{Places, Services, all_present};

/// How long services may take until they answer.
const START_TIMEOUT: Duration = Duration::from_mins(2);

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
            state: home.join("state"),
        };
        let mut services = match needs {
            Needs::Log => Services::none(),
            Needs::Everything => Services::start(&places, &bench.catalog, listener),
        };
        let names = services.on_the_bus();
        let system = Self { server, places, gateway };
        let ready_and_done = Box::pin(async {
            system.log().await?;
            system.has(bench, &names).await?;
            work(&system).await
        });
        let worked = bench.unless_stopped(services.beside(ready_and_done)).await;
        services.stop().await;
        system.server.stop().await;
        worked
    }

    /// Runs services beside it for as long as `work` takes, which begins when they answer.
    pub(crate) async fn with<T>(
        &self,
        bench: &Bench,
        mut services: Services,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let names = services.on_the_bus();
        let ready_and_done = async {
            self.has(bench, &names).await?;
            work.await
        };
        let worked = services.beside(ready_and_done).await;
        services.stop().await;
        worked
    }

    async fn has(&self, bench: &Bench, names: &[String]) -> anyhow::Result<()> {
        present(&self.server.url(), names, &bench.directory.log()).await
    }

    /// A connection of one's own.
    pub(crate) async fn nats(&self) -> anyhow::Result<Nats> {
        Ok(Nats::connect(&self.server.url(), "annals-bench").await?)
    }

    /// What a command service keeps, unless it is told otherwise.
    pub(crate) fn memory(&self) -> MemoryArgs {
        MemoryArgs::new(self.places.state.clone())
    }

    /// Its log, over a connection of one's own.
    pub(crate) async fn log(&self) -> anyhow::Result<JetStreamLog> {
        let nats = self.nats().await?;
        let id = nats.prepare().await?;
        Ok(nats.log(id))
    }

    /// Runs a writer in this process for as long as `work` takes, without a bus: it is called.
    pub(crate) async fn with_writer<T>(
        &self,
        bench: &Bench,
        memory: &MemoryArgs,
        work: impl AsyncFnOnce(&Executor<JetStreamLog>) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let (log, catalog) = (self.log().await?, bench.catalog.clone());
        let started = Executor::start(log, catalog, &memory.state, memory.cache_bytes).await;
        let (writer, mut running) = started?;
        let worked = work(&writer).await;
        drop(writer);
        running.finish().await?;
        worked
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

/// Waits until services of these names answer on the bus, which they should do soon. They log to this file.
pub(crate) async fn present(url: &str, names: &[String], log: &Path) -> anyhow::Result<()> {
    let there = timeout(START_TIMEOUT, all_present(url, names)).await;
    there.with_context(|| {
        format!("of {} not all answer; the log ends with:\n{}", names.join(", "), last_lines(log))
    })?
}
