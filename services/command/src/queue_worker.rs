//! Commands that no client waits for: taken out of the queue, carried out like any other. What stored nothing has
//! its outcome kept for those who ask; what stored something is known by the state store, for ever.

use std::{sync::Arc, time::Duration};

use annals_core::{
    Fingerprint, Outcome, Stage,
    bus::{CommandReply, CommandRequest},
    log::LogError,
};
use annals_nats::{JetStreamLog, Nats, Outcomes, Queue, QueueConsumer, QueuedCommand, caught};
use jiff::Timestamp;
use tokio::{
    sync::Semaphore,
    time::{interval, sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use crate::{condition::Health, executor::Executor, retry_policy::RetryPolicy};

/// Commands of the queue that one instance works on at once.
const MAX_CONCURRENT: usize = 64;

/// Before a lost queue is asked for again.
const CONSUME_AGAIN_AFTER: Duration = Duration::from_millis(250);

/// How often the gauge of waiting commands is set.
const GAUGE_EVERY: Duration = Duration::from_secs(2);

/// How long what has been begun may take at a stop. What takes longer is delivered again.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(4);

/// Carries out what waits in the queue.
pub(crate) struct QueueWorker {
    executor: Executor<JetStreamLog>,
    queue: Queue,
    outcomes: Outcomes,
    policy: RetryPolicy,
    health: Arc<Health>,
    permits: Arc<Semaphore>,
    tasks: TaskTracker,
}

impl QueueWorker {
    pub(crate) fn new(
        executor: Executor<JetStreamLog>,
        nats: &Nats,
        policy: RetryPolicy,
        health: Arc<Health>,
    ) -> Arc<Self> {
        let (queue, outcomes) = (nats.queue(), nats.outcomes());
        let permits = Arc::new(Semaphore::new(MAX_CONCURRENT));
        Arc::new(Self { executor, queue, outcomes, policy, health, permits, tasks: TaskTracker::new() })
    }

    /// Works until `shutdown`, then finishes what has been begun.
    pub(crate) async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        while let Some(Err(error)) = shutdown.run_until_cancelled(self.consume()).await {
            if !self.health.queue_stopped(true) {
                warn!("the queue of commands cannot be read: {error}");
            }
            if shutdown.run_until_cancelled(sleep(CONSUME_AGAIN_AFTER)).await.is_none() {
                break;
            }
        }
        self.tasks.close();
        if timeout(DRAIN_TIMEOUT, self.tasks.wait()).await.is_err() {
            warn!("{} asynchronous commands are left to be delivered again", self.tasks.len());
        }
    }

    /// Works until the queue is lost.
    async fn consume(self: &Arc<Self>) -> Result<(), LogError> {
        self.outcomes.prepare().await?; // without it nothing is carried out, either
        let mut consumer = self.queue.consume().await?;
        if self.health.queue_stopped(false) {
            info!("the queue of commands is read again");
        }
        let mut gauge = interval(GAUGE_EVERY);
        loop {
            let permit = self.permits.clone().acquire_owned().await.expect("the semaphore is never closed");
            let command = loop {
                tokio::select! {
                    command = consumer.next() => break command?,
                    _ = gauge.tick() => report(&mut consumer).await?,
                }
            };
            let worker = self.clone();
            self.tasks.spawn(async move {
                worker.handle(command).await;
                drop(permit);
            });
        }
    }

    async fn handle(&self, command: QueuedCommand) {
        match command.with_heartbeat(self.carry_out(&command)).await {
            None => command.double_ack().await,
            Some(pause) => {
                metrics::counter!("annals_async_commands_retried_total").increment(1);
                command.retry(pause).await;
            }
        }
    }

    /// Carries out a command and keeps its outcome. None: it is done.
    async fn carry_out(&self, command: &QueuedCommand) -> Option<Duration> {
        let age = Timestamp::now().duration_since(command.at);
        let pause = self.policy.pause(command.deliveries, age.try_into().unwrap_or_default());
        let request = match &command.request {
            Ok(request) => request,
            Err(error) => {
                warn!(times = command.deliveries, "what waits in the queue is no command: {error}");
                // Perhaps the next release can read it. Until then it stays, so that it is not lost.
                return Some(pause.unwrap_or(self.policy.longest()));
            }
        };
        match Box::pin(self.settle(request, command, pause)).await {
            Ok(pause) => pause,
            Err(error) => {
                warn!(command = %request.id, "its outcome cannot be kept, trying again: {error}");
                Some(pause.unwrap_or(self.policy.unit))
            }
        }
    }

    /// The outcome is known elsewhere before the queue forgets the command, so that it never is in neither.
    async fn settle(
        &self,
        request: &CommandRequest,
        command: &QueuedCommand,
        pause: Option<Duration>,
    ) -> Result<Option<Duration>, LogError> {
        let seen = self.outcomes.find(request.id).await?;
        if seen.as_ref().is_some_and(|seen| seen.outcome.taken == command.ticket) {
            return Ok(None); // only the acknowledgement got lost: what was answered stays true
        }
        let request = CommandRequest { first_sending: false, ..request.clone() };
        let reply = caught("the command service", self.executor.execute(request.clone())).await;
        if let (true, Some(pause)) = (is_worth_another_try(&reply), pause) {
            return Ok(Some(pause));
        }
        let fingerprint = Fingerprint::of(&request.command, &request.data);
        let outcome = Outcome { taken: command.ticket, fingerprint, reply };
        let stage = outcome.stage();
        if !outcome.is_in_the_log() {
            self.outcomes.keep(request.id, &outcome, seen.as_ref()).await?;
        }
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

#[allow(clippy::cast_precision_loss)] // a gauge need not tell 2^53 commands from one more
async fn report(consumer: &mut QueueConsumer) -> Result<(), LogError> {
    metrics::gauge!("annals_async_commands_waiting").set(consumer.pending().await? as f64);
    Ok(())
}
