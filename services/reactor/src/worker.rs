//! Runs a reactor whenever this instance holds its lease.

use std::{sync::Arc, time::Duration};

use annals_core::bus::ReactorRequest;
use annals_nats::{Held, JetStreamLog, Nats, SharedReader};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{checkpoint::resume, dispatch::Dispatcher, session::Session, status::StatusQuery};

/// A reactor of this process.
pub(crate) struct Worker {
    /// A session gets it with delivery markers of its own.
    pub dispatcher: Dispatcher,
    pub nats: Nats,
    pub shared: SharedReader<JetStreamLog>,
    /// Names this process, and no other one.
    pub instance: Arc<str>,
}

/// Before a checkpoint that could not be loaded is asked for again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

impl Worker {
    /// Works until `shutdown`, then finishes what it has begun.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let name = self.dispatcher.reactor.name;
        let timing = self.dispatcher.timing.lease;
        let mut lease = self.nats.lease(&format!("reactor.{name}"), &self.instance, timing);
        while let Some(held) = lease.acquire(&shutdown).await {
            info!("{name} works here");
            let stopped = tokio::select! {
                biased;
                () = held.lost() => false,
                () = self.work(&held, &shutdown) => true,
            };
            self.dispatcher.health.forget(name);
            for gauge in ["annals_reactor_lag", "annals_reactor_in_hand"] {
                metrics::gauge!(gauge, "reactor" => name).set(0.0);
            }
            if stopped {
                return held.release().await;
            }
            warn!("{name} may work elsewhere now");
        }
    }

    /// Works until `shutdown`. Given up before, it leaves everything as a crash does.
    async fn work(&self, held: &Held, shutdown: &CancellationToken) {
        let starting = Box::pin(self.start());
        let Some(mut session) = shutdown.run_until_cancelled(starting).await else { return };
        let query = StatusQuery {
            reactor: self.dispatcher.reactor.name,
            log: self.shared.log().clone(),
            health: self.dispatcher.health.clone(),
            progress: session.progress(),
        };
        let stop = CancellationToken::new();
        let answering = tokio::spawn(answer(self.nats.clone(), query, stop.clone()));
        let stop = stop.drop_guard();
        session.run(held, shutdown).await;
        drop(session); // clients that wait for its progress are answered
        drop(stop);
        let _ = answering.await;
    }

    /// Goes on from the checkpoint, as soon as it can be loaded.
    async fn start(&self) -> Session {
        let (dispatcher, name) = (&self.dispatcher, self.dispatcher.reactor.name);
        let checkpoints = self.nats.reactor_checkpoints();
        loop {
            match resume(&dispatcher.reactor, &checkpoints, self.shared.log()).await {
                Ok(resumed) => {
                    if dispatcher.health.unblock(name) {
                        info!("{name} continues");
                    }
                    let markers = self.nats.delivery_markers();
                    let dispatcher = Arc::new(Dispatcher { markers, ..dispatcher.clone() });
                    return Session::new(dispatcher, self.shared.clone(), checkpoints, resumed);
                }
                Err(error) => {
                    if dispatcher.health.block(name, &error.to_string()) {
                        warn!("{name} is blocked: {error:#}");
                    }
                    sleep(RETRY_AFTER).await;
                }
            }
        }
    }
}

/// Answers questions about the reactor until `stop`.
async fn answer(nats: Nats, query: StatusQuery, stop: CancellationToken) {
    let service = async { nats.serve("annals-reactor").await?.reactor(query.reactor).await };
    match service.await {
        Ok(service) => {
            let answer = move |_: Arc<str>, request: ReactorRequest| query.clone().answer(request);
            service.run(answer, stop).await;
        }
        Err(error) => warn!("{} answers no questions: {error}", query.reactor),
    }
}
