//! What every handler needs: the catalog, and the way to the log and to the other services.

use std::{ops::Deref, sync::Arc, time::Duration};

use annals_chassis::health::Durable;
use annals_core::{Catalog, Category, Projection, Reactor};
use annals_nats::{Bus, JetStreamLog, Nats, Outcomes, Queue, server::monitor::Durability};
use tokio::{
    sync::{OnceCell, watch},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    limits::Limits,
    log::{LogReader, live::Live},
    problem::{Code, Problem},
};

/// The gateway as its handlers see it. Cheap to clone, as every layer and handler does for every request.
#[derive(Debug, Clone)]
pub struct Gateway(Arc<Shared>);

/// What all handlers share.
#[derive(Debug)]
pub struct Shared {
    pub(crate) catalog: Catalog,
    pub(crate) limits: Limits,
    nats: Nats,
    bus: Bus,
    queue: Queue,
    outcomes: Outcomes,
    durability: watch::Receiver<Durability>,
    pub(crate) live: Live,
    /// Set once the log has been found.
    log: OnceCell<LogReader<JetStreamLog, Bus>>,
}

/// How long a request waits until the log is found.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

impl Gateway {
    /// Serves what is in `catalog`, within `limits`, until `closing`.
    #[must_use]
    pub fn new(
        catalog: Catalog,
        limits: Limits,
        nats: Nats,
        durability: watch::Receiver<Durability>,
        closing: CancellationToken,
    ) -> Self {
        let live = Live::new(limits.followers, closing);
        let (bus, queue, outcomes) = (nats.bus(), nats.queue(), nats.outcomes());
        let log = OnceCell::new();
        let shared = Shared { catalog, limits, nats, bus, queue, outcomes, durability, live, log };
        Self(Arc::new(shared))
    }
}

impl Deref for Gateway {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// Whether acknowledged means on disk.
    pub(crate) fn durable(&self) -> Durable {
        (*self.durability.borrow()).into()
    }

    /// The way to the other services. A lost connection would keep what is sent and send it later,
    /// so nothing is sent on one: then the answer is certain, and it comes at once.
    pub(crate) fn bus(&self) -> Result<&Bus, Problem> {
        self.connected().map(|()| &self.bus)
    }

    /// Where commands wait, and what became of them.
    pub(crate) fn queue(&self) -> Result<(&Queue, &Outcomes), Problem> {
        self.connected().map(|()| (&self.queue, &self.outcomes))
    }

    /// The log, for reading.
    pub(crate) async fn log(&self) -> Result<LogReader<JetStreamLog, Bus>, Problem> {
        self.connected()?;
        self.log.get_or_try_init(|| self.open_log()).await.cloned()
    }

    async fn open_log(&self) -> Result<LogReader<JetStreamLog, Bus>, Problem> {
        let unavailable = |reason: &dyn ToString| {
            Problem::new(Code::Unavailable, format!("The log cannot be opened: {}.", reason.to_string()))
        };
        let opened = timeout(OPEN_TIMEOUT, self.nats.prepare()).await;
        let id =
            opened.map_err(|_| unavailable(&"it does not answer"))?.map_err(|error| unavailable(&error))?;
        let name = format!("gateway-{}", &Uuid::new_v4().simple().to_string()[..8]);
        Ok(LogReader::new(self.nats.log(id), self.bus.clone(), name, self.limits.log_readers))
    }

    fn connected(&self) -> Result<(), Problem> {
        let connected = self.nats.is_connected();
        connected.then_some(()).ok_or_else(|| Problem::new(Code::Unavailable, "The log cannot be reached."))
    }

    /// The category of that name.
    pub(crate) fn category(&self, name: &str) -> Result<&Category, Problem> {
        self.catalog.category(name).ok_or_else(|| {
            let known = self.catalog.categories().map(|it| it.name).collect();
            unknown(Code::UnknownCategory, "category", name, known)
        })
    }

    /// The view of that name.
    pub(crate) fn view(&self, name: &str) -> Result<&Projection, Problem> {
        self.catalog.projection(name).ok_or_else(|| {
            let known = self.catalog.projections().map(|it| it.view).collect();
            unknown(Code::UnknownView, "view", name, known)
        })
    }

    /// The reactor of that name.
    pub(crate) fn reactor(&self, name: &str) -> Result<&Reactor, Problem> {
        self.catalog.reactor(name).ok_or_else(|| {
            let known = self.catalog.reactors().map(|it| it.name).collect();
            unknown(Code::NotFound, "reactor", name, known)
        })
    }
}

/// A name that leads nowhere, and those that lead somewhere.
pub(crate) fn unknown(code: Code, kind: &str, name: &str, known: Vec<&str>) -> Problem {
    let there = match known.as_slice() {
        [] => "There is none.".into(),
        known => format!("There are `{}`.", known.join("`, `")),
    };
    Problem::new(code, format!("There is no {kind} `{name}`. {there}")).with("known", known)
}

/// A gateway that reaches nobody: for tests of what it answers by itself.
#[cfg(test)]
pub(crate) async fn offline(catalog: Catalog, limits: Limits) -> Gateway {
    let nobody = "nats://127.0.0.1:1"; // the port of a service that has not been seen for decades
    let nats = Nats::connect(nobody, "test").await.unwrap();
    Gateway::new(catalog, limits, nats, watch::channel(Durability::Unknown).1, CancellationToken::new())
}
