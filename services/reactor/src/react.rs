//! Wakes a reactor for each commit that concerns it.

use std::{sync::Arc, time::Duration};

use annals_nats::{Listener, LogError, Nats, Pull, Wake};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    act::{Actor, Settlement},
    hands::{Free, Full, Hands},
    tend::{leave, tend},
};

/// Before a lost consumer is asked for again.
const PAUSE: Duration = Duration::from_millis(250);

/// How long what has been begun may take at a stop. What takes longer comes again.
const DRAIN: Duration = Duration::from_secs(4);

/// How long keeping the floor may take at a stop.
const LEAVE: Duration = Duration::from_secs(1);

/// A reactor at work in this process.
struct Worker {
    actor: Arc<Actor>,
    nats: Nats,
    hands: Arc<Hands>,
    /// What is being worked on. It goes on when the consumer is lost.
    tasks: JoinSet<()>,
    shutdown: CancellationToken,
}

/// Runs a reactor until `shutdown`, then finishes what it has begun.
pub(crate) async fn react(actor: Arc<Actor>, nats: Nats, shutdown: CancellationToken) {
    let hands = Hands::new(actor.reactor.name);
    let mut worker = Worker { actor, nats, hands, tasks: JoinSet::new(), shutdown };
    while let Err(error) = worker.listen().await {
        let name = worker.actor.reactor.name;
        if worker.actor.trouble.stands_still(name, &error.to_string()) {
            warn!("{name} stands still: {error}");
        }
        if worker.shutdown.run_until_cancelled(sleep(PAUSE)).await.is_none() {
            break;
        }
    }
    worker.drain().await;
}

impl Worker {
    /// Works until `shutdown`, or until the consumer is lost.
    async fn listen(&mut self) -> Result<(), LogError> {
        let (actor, hands, shutdown) = (self.actor.clone(), self.hands.clone(), self.shutdown.clone());
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
            done = self.work(&listener) => done?,
            lost = tend(&listener, &actor, &hands) => match lost? {},
        }
        self.drain().await;
        let _ = timeout(LEAVE, leave(&listener, &actor)).await; // if it is not kept, more is looked at again
        Ok(())
    }

    /// Asks for as much as there are hands, until `shutdown`.
    async fn work(&mut self, listener: &Listener) -> Result<(), LogError> {
        loop {
            let shutdown = self.shutdown.clone();
            let Some(free) = shutdown.run_until_cancelled(self.hands.free()).await else { return Ok(()) };
            let mut pull = listener.pull(free.count()).await?;
            let Some(taken) = shutdown.run_until_cancelled(self.take(&mut pull, free)).await else {
                pull.release(&self.nats).await;
                return Ok(());
            };
            taken?;
        }
    }

    /// Begins with every commit that comes.
    async fn take(&mut self, pull: &mut Pull, mut free: Free) -> Result<(), LogError> {
        while let Some(wake) = pull.next().await? {
            while self.tasks.try_join_next().is_some() {} // what has ended is kept until it is asked for
            if let Some(hand) = free.take(wake.delivery.position) {
                self.tasks.spawn(deal_with(self.actor.clone(), wake, hand));
            }
        }
        Ok(())
    }

    async fn drain(&mut self) {
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(DRAIN, finished).await.is_err() {
            warn!("{} leaves {} commits to come again", self.actor.reactor.name, self.tasks.len());
            self.tasks.abort_all();
        }
    }
}

async fn deal_with(actor: Arc<Actor>, wake: Wake, hand: Full) {
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
    drop(hand);
}
