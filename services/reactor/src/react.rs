//! Wakes a reactor for each commit that concerns it.

use std::{sync::Arc, time::Duration};

use annals_nats::{Crew, LogError, Nats, Wake};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    act::{Actor, Settlement},
    tend::{leave, tend},
};

/// Before a lost consumer is asked for again.
const PAUSE: Duration = Duration::from_millis(250);

/// Commits that one instance works on at once.
const AT_ONCE: usize = 64;

/// How long keeping the floor may take at a stop.
const LEAVE: Duration = Duration::from_secs(1);

/// A reactor at work in this process.
struct Worker {
    actor: Arc<Actor>,
    nats: Nats,
    crew: Crew,
    shutdown: CancellationToken,
}

/// Runs a reactor until `shutdown`, then finishes what it has begun.
pub(crate) async fn react(actor: Arc<Actor>, nats: Nats, shutdown: CancellationToken) {
    let name = actor.reactor.name;
    let measure = move |full| metrics::gauge!("annals_reactor_in_hand", "reactor" => name).set(full);
    let crew = Crew::new(name, AT_ONCE, measure, shutdown.clone());
    let mut worker = Worker { actor, nats, crew, shutdown };
    while let Err(error) = Box::pin(worker.listen()).await {
        if worker.actor.trouble.stands_still(name, &error.to_string()) {
            warn!("{name} stands still: {error}");
        }
        if worker.shutdown.run_until_cancelled(sleep(PAUSE)).await.is_none() {
            break;
        }
    }
    worker.crew.drain().await;
}

impl Worker {
    /// Works until `shutdown`, or until the consumer is lost.
    async fn listen(&mut self) -> Result<(), LogError> {
        let (actor, hands, shutdown) = (self.actor.clone(), self.crew.hands(), self.shutdown.clone());
        let name = actor.reactor.name;
        let categories: Vec<_> = actor.reactor.categories().into_iter().collect();
        let durable = actor.durable();
        let listening = Box::pin(self.nats.listen(&durable, &categories, actor.reactor.from)); // it is large
        let Some(listener) = shutdown.run_until_cancelled(listening).await else { return Ok(()) };
        let listener = listener?;
        if actor.trouble.goes_on(name) {
            info!("{name} goes on");
        }
        tokio::select! {
            done = self.crew.work(&listener, |it| actor.is_concerned(it), |it| deal_with(actor.clone(), it)) => done?,
            lost = tend(&listener, &actor, &hands) => match lost? {},
        }
        self.crew.drain().await;
        let _ = timeout(LEAVE, leave(&listener, &actor)).await; // if it is not kept, more is looked at again
        Ok(())
    }
}

async fn deal_with(actor: Arc<Actor>, wake: Wake) {
    let name = actor.reactor.name;
    match wake.working(actor.act(&wake.delivery)).await {
        Settlement::Settled => {
            metrics::counter!("annals_reactor_settled_total", "reactor" => name).increment(1);
            wake.settle().await;
        }
        Settlement::Retry(after) => {
            metrics::counter!("annals_reactor_retried_total", "reactor" => name).increment(1);
            wake.retry(after).await;
        }
    }
}
