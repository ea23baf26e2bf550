//! Commands that nobody waits for: taken out of the queue, carried out like any other, and their outcomes
//! kept for whoever asks. In no order: several are worked on at once, and what is tried again is overtaken.

use std::{convert::Infallible, sync::Arc, time::Duration};

use annals_core::{
    Fingerprint, Outcome, Stage,
    bus::{CommandReply, CommandRequest},
};
use annals_nats::{
    Crew, Delivery, Hands, JetStreamLog, LogError, Nats, Outcomes, Queue, Source, Wake, Watch, caught,
};
use jiff::Timestamp;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{condition::Working, execute::Executor, schedule::Schedule};

/// Commands of the queue that one instance works on at once.
const AT_ONCE: usize = 32;

/// Before a lost queue is asked for again.
const PAUSE: Duration = Duration::from_millis(250);

/// Carries out what waits in the queue.
pub(crate) struct Later {
    executor: Arc<Executor<JetStreamLog>>,
    queue: Queue,
    outcomes: Outcomes,
    schedule: Schedule,
    working: Arc<Working>,
}

impl Later {
    pub(crate) fn new(
        executor: Arc<Executor<JetStreamLog>>,
        nats: &Nats,
        schedule: Schedule,
        working: Arc<Working>,
    ) -> Arc<Self> {
        Arc::new(Self { executor, queue: nats.queue(), outcomes: nats.outcomes(), schedule, working })
    }

    /// Works until `shutdown`, then finishes what has been begun.
    pub(crate) async fn work(self: Arc<Self>, shutdown: CancellationToken) {
        let measure = |full| metrics::gauge!("annals_async_commands_in_hand").set(full);
        let mut crew = Crew::new("the queue of commands", AT_ONCE, measure, shutdown.clone());
        while let Err(error) = self.listen(&mut crew, &shutdown).await {
            if !self.working.stands_still(true) {
                warn!("the queue of commands stands still: {error}");
            }
            if shutdown.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                break;
            }
        }
        crew.drain().await;
    }

    /// Works until `shutdown`, or until the queue is lost.
    async fn listen(self: &Arc<Self>, crew: &mut Crew, shutdown: &CancellationToken) -> Result<(), LogError> {
        let ready = async {
            self.outcomes.prepare().await?; // without it nothing is carried out, either
            self.queue.listen().await
        };
        let Some(source) = shutdown.run_until_cancelled(ready).await else { return Ok(()) };
        let source = source?;
        if self.working.stands_still(false) {
            info!("the queue of commands goes on");
        }
        let hands = crew.hands();
        let deal_with = |wake| self.clone().deal_with(wake);
        tokio::select! {
            done = crew.work(&source, |_| true, deal_with) => done,
            lost = watch(&source, &hands) => match lost? {},
        }
    }

    async fn deal_with(self: Arc<Self>, wake: Wake<CommandRequest>) {
        match wake.working(self.carry_out(&wake)).await {
            None => wake.settle().await,
            Some(pause) => {
                metrics::counter!("annals_async_commands_retried_total").increment(1);
                wake.retry(pause).await;
            }
        }
    }

    /// Carries out a command and keeps its outcome. None: it is dealt with.
    async fn carry_out(&self, wake: &Wake<CommandRequest>) -> Option<Duration> {
        let delivery = &wake.delivery;
        let age = Timestamp::now().duration_since(delivery.at);
        let pause = self.schedule.pause(delivery.times, age.try_into().unwrap_or_default());
        let request = match &delivery.stored {
            Ok(request) => request,
            Err(error) => {
                let (position, times) = (delivery.position, delivery.times);
                warn!(position, times, "what waits in the queue is no command: {error}");
                // Perhaps the next release can. Until then it stays, so that it is not lost.
                return Some(pause.unwrap_or(self.schedule.longest()));
            }
        };
        match Box::pin(self.settle(request, delivery, pause)).await {
            Ok(pause) => pause,
            Err(error) => {
                warn!(command = %request.id, "its outcome cannot be kept, trying again: {error}");
                Some(pause.unwrap_or(self.schedule.unit))
            }
        }
    }

    /// The outcome is kept before the queue forgets the command, so that it never is in neither.
    async fn settle(
        &self,
        request: &CommandRequest,
        delivery: &Delivery<CommandRequest>,
        pause: Option<Duration>,
    ) -> Result<Option<Duration>, LogError> {
        let (taken, seen) = (delivery.taken(), self.outcomes.find(request.id).await?);
        if seen.as_ref().is_some_and(|seen| seen.outcome.taken == taken) {
            return Ok(None); // only the acknowledgement got lost: what was told stays true
        }
        let reply = caught("the command service", self.executor.execute(request.clone())).await;
        if let (true, Some(pause)) = (is_worth_another_try(&reply), pause) {
            return Ok(Some(pause));
        }
        let fingerprint = Fingerprint::of(&request.command, &request.data);
        let outcome = Outcome { taken, fingerprint, reply };
        self.outcomes.keep(request.id, &outcome, seen.as_ref()).await?;
        let stage = outcome.stage();
        if stage == Stage::Failed {
            let (stream, correlation) = (&request.stream, request.context.correlation_id);
            warn!(category = stream.category, id = %stream.id, %correlation, "{} is given up", request.command);
        }
        metrics::counter!("annals_async_commands_total", "outcome" => stage.name()).increment(1);
        Ok(None)
    }
}

fn is_worth_another_try(reply: &CommandReply) -> bool {
    reply.as_ref().is_err_and(|failure| !failure.is_verdict())
}

/// Never ends well: only when the queue has to be asked for anew.
#[allow(clippy::cast_precision_loss)] // a gauge need not tell 2^53 commands from one more
async fn watch(source: &Source<CommandRequest>, hands: &Hands) -> Result<Infallible, LogError> {
    let mut watch = Watch::new(source);
    loop {
        let now = watch.next(|| hands.are_empty()).await?;
        metrics::gauge!("annals_async_commands_waiting").set((now.waiting + now.out) as f64);
    }
}

#[cfg(test)]
#[path = "later_tests.rs"]
mod tests;
