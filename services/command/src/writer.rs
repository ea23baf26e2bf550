//! The writer: decides commands on the state as it will be, stores what they lead to as one entry after the
//! other, and answers once it is proved.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use annals_core::{
    Position,
    bus::Failure,
    log::{Chain, Checkpoint, Entry, Hash, Head, Log, header},
};
use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};

use crate::{
    append::{Landed, Verified, append, prove},
    batch::{Batch, Decision},
    condition::Health,
    pending::{Pending, Verdict},
    standby::{Standby, next_reads},
    states::States,
    store::StoreEnded,
    telemetry,
};

/// Writes one log.
pub(crate) struct Writer<L: Log> {
    pub(crate) log: L,
    pub(crate) states: States,
    /// How far it has folded.
    pub(crate) chain: Chain,
    /// When the last commit was recorded: none is recorded earlier.
    pub(crate) recorded_at: Timestamp,
    pub(crate) in_flight: Option<Flight>,
    /// What is decided on top of it.
    pub(crate) next: Batch,
    /// Taken, and not decided.
    pub(crate) backlog: VecDeque<Pending>,
    pub(crate) health: Arc<Health>,
    /// Names its consumer.
    pub(crate) name: String,
    /// An entry was sent, and its outcome never found out: it may still arrive. Until another one is stored, what the
    /// log says of its end proves nothing.
    unresolved: bool,
    /// The state store is not written any more.
    pub(crate) store_ended: Option<StoreEnded>,
    /// Why nothing can be folded any more.
    pub(crate) stopped: Option<String>,
    pub(crate) standby: Option<Standby>,
    pub(crate) idle_since: Instant,
    verified: Verified,
}

/// An entry on its way, or a proof.
pub(crate) struct Flight {
    pub batch: Batch,
    landed: AbortOnDropHandle<Landed>,
    hash: Hash,
    /// The position of the entry before it.
    before: Position,
    begun: Instant,
}

/// Commands that are taken out of the queue at once.
const TAKE: usize = 256;

/// After so long without an entry of its own a writer reads along, so that taking over costs nothing.
const READ_ALONG_AFTER: Duration = Duration::from_secs(1);

/// How often the gauges are set.
const GAUGES_EVERY: Duration = Duration::from_secs(1);

impl<L: Log> Writer<L> {
    pub(crate) fn new(log: L, states: States, head: Head, health: Arc<Health>) -> Self {
        Self {
            log,
            states,
            chain: Chain::new(head),
            recorded_at: Timestamp::UNIX_EPOCH,
            in_flight: None,
            next: Batch::default(),
            backlog: VecDeque::new(),
            health,
            name: format!("command-{}", uuid::Uuid::new_v4().simple()),
            unresolved: false,
            store_ended: None,
            stopped: None,
            standby: None,
            idle_since: Instant::now(),
            verified: Verified::default(),
        }
    }

    /// Writes until the queue is closed, and then what has come in.
    ///
    /// # Errors
    /// When the state store is not written any more: another start makes it anew.
    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Pending>) -> Result<(), StoreEnded> {
        let mut taken = Vec::with_capacity(TAKE);
        let (mut open, mut gauges) = (true, tokio::time::interval(GAUGES_EVERY));
        while open || self.in_flight.is_some() || !self.next.is_empty() || !self.backlog.is_empty() {
            if let Some(ended) = self.store_ended {
                return Err(ended);
            }
            self.decide_backlog();
            self.publish_next();
            let idle = self.in_flight.is_none() && self.standby.is_none() && self.stopped.is_none();
            let has_room = open && self.backlog.is_empty() && !self.next.is_full();
            tokio::select! {
                biased;
                landed = landed(&mut self.in_flight), if self.in_flight.is_some() => self.settle(landed).await,
                count = queue.recv_many(&mut taken, TAKE), if has_room => {
                    open = count > 0;
                    self.backlog.extend(taken.drain(..));
                }
                reads = next_reads(&mut self.standby), if self.in_flight.is_none() => self.read_along(reads).await,
                () = sleep_until(self.idle_since + READ_ALONG_AFTER), if idle && open => {
                    self.standby = Some(Standby::start(self.log.clone(), self.name.clone(), self.chain.head()));
                }
                _ = gauges.tick() => {
                    self.report(queue.len());
                    self.try_again();
                }
            }
        }
        self.states.finish().await;
        Ok(())
    }

    /// While nothing can be written an empty entry tells when that is over: clients may wait for that to be said.
    fn try_again(&mut self) {
        if self.health.writer_fails() && self.in_flight.is_none() && self.stopped.is_none() {
            self.unresolved = true;
            self.publish(Batch::default());
        }
    }

    /// Decides what was taken and could not be decided.
    fn decide_backlog(&mut self) {
        while !self.next.is_full()
            && let Some(pending) = self.backlog.pop_front()
        {
            self.accept(pending);
        }
    }

    /// Publishes what has been decided, if nothing is on its way. It closes as soon as that is so: waiting to fill it
    /// was measured to be slower.
    fn publish_next(&mut self) {
        if self.in_flight.is_some() || self.next.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.next);
        self.publish(batch);
    }

    /// Stores an entry; or, if there is no commit in it, proves that the log ends where it was read up to.
    fn publish(&mut self, mut batch: Batch) {
        let head = self.chain.head();
        let (log, verified) = (self.log.clone(), self.verified.clone());
        let by_entry = self.unresolved || (!batch.asks_only() && !log.end_is_proof());
        let (landed, hash) = if batch.commits() > 0 || by_entry {
            self.standby = None;
            let draft = batch.draft(head);
            let (hash, expected) = (draft.hash, self.chain.expected());
            (tokio::spawn(append(log, draft, expected, verified)), hash)
        } else {
            (tokio::spawn(prove(log, self.chain.checkpoint(), verified)), head.hash)
        };
        let landed = AbortOnDropHandle::new(landed);
        self.in_flight = Some(Flight { batch, landed, hash, before: head.position, begun: Instant::now() });
    }

    /// Reads when the last commit before the head was recorded: entries may be empty.
    pub(crate) async fn recover_recorded_at(&mut self) -> Result<(), annals_core::log::LogError> {
        let mut next = Some(self.chain.head());
        while let Some(head) = next.take().filter(|head| head.position > 0) {
            let Some(message) = self.log.get(head.position).await? else { break };
            let entry = Entry::decode(head.position, head.hash, &message.body).ok();
            match entry.and_then(|entry| entry.commits.last().map(|last| last.commit.recorded_at)) {
                Some(recorded_at) => self.recorded_at = recorded_at,
                None => next = message.header(header::PREVIOUS).and_then(|previous| previous.parse().ok()),
            }
        }
        Ok(())
    }

    async fn settle(&mut self, landed: Landed) {
        let Some(Flight { batch, hash, before, begun, .. }) = self.in_flight.take() else { return };
        match landed {
            Landed::Stored(position) => {
                self.chain.advance(Head { position, hash });
                self.publish_next(); // before the answers, so that the log need not wait for them
                self.idle_since = Instant::now();
                self.unresolved = false;
                telemetry::record_entry(batch.commits_sent, begun.elapsed());
                Batch::answer(batch.decisions, position, before); // the store may keep the writer waiting
                let checkpoint = Checkpoint { position, head: Head { position, hash } };
                self.store_ended = self.states.apply(checkpoint, batch.states, batch.ids).await.err();
                self.backlog.extend(batch.repeats);
                self.writes();
            }
            Landed::Proved => {
                self.publish_next();
                Batch::answer(batch.decisions, before, before);
                self.backlog.extend(batch.repeats);
                self.writes();
            }
            Landed::Conflict => {
                telemetry::record_conflict();
                self.decide_anew(batch).await;
            }
            Landed::Failed { sent, reason } => self.fail(batch, sent, &reason),
        }
    }

    /// Drops the overlay, reads what others wrote, and puts everybody back in line, in order of arrival.
    async fn decide_anew(&mut self, batch: Batch) {
        let overtaken = std::mem::take(&mut self.next);
        let again: Vec<_> = batch.into_pending().chain(overtaken.into_pending()).collect();
        for mut pending in again.into_iter().rev() {
            pending.tries += 1;
            self.backlog.push_front(pending);
        }
        let before = self.chain.head();
        let caught_up = self.catch_up().await;
        if self.chain.head() == before {
            self.verified.reset(); // an entry that follows the head would have shown that the log still holds it
        } else {
            self.unresolved = false;
        }
        if let Err(error) = caught_up {
            warn!("what others wrote cannot be read: {error}");
            let detail = error.to_string();
            self.backlog
                .drain(..)
                .for_each(|pending| pending.fail(Failure::Unavailable { detail: detail.clone() }));
        }
    }

    /// The log takes nothing. If the entry was sent, whether it was stored is unknown.
    fn fail(&mut self, batch: Batch, sent: bool, reason: &str) {
        if self.health.writer(Some(reason.to_owned())).is_none() {
            error!("nothing can be written: {reason}");
        }
        self.unresolved |= sent;
        let unavailable = || Failure::Unavailable { detail: reason.to_owned() };
        for (pending, decision) in batch.decisions {
            let unknown = sent && matches!(decision, Decision::Commit(..));
            pending.fail(if unknown { Failure::OutcomeUnknown } else { unavailable() });
        }
        for repeat in batch.repeats {
            repeat.fail(if sent { Failure::OutcomeUnknown } else { unavailable() });
        }
        let unsent = std::mem::take(&mut self.next).into_pending();
        unsent.for_each(|pending| pending.fail(unavailable()));
    }

    fn writes(&self) {
        if self.health.writer(None).is_some() {
            info!(position = self.chain.head().position, "the log can be written again");
        }
    }

    /// It stops in front of something that it cannot fold: what it decided on would not be the state.
    pub(crate) fn stop(&mut self, reason: String) {
        error!("writing stops: {reason}");
        self.health.writer(Some(reason.clone()));
        self.standby = None;
        let failure = Failure::EventQuarantined { detail: reason.clone() };
        self.backlog.drain(..).for_each(|pending| pending.fail(failure.clone()));
        self.stopped = Some(reason);
    }

    #[allow(clippy::cast_precision_loss)] // a gauge need not tell 2^53 bytes from one more
    fn report(&self, queue: usize) {
        let (fill, behind) = self.states.fill();
        metrics::gauge!("annals_aggregates_kept").set(fill.aggregates as f64);
        metrics::gauge!("annals_aggregates_bytes").set(fill.bytes as f64);
        metrics::gauge!("annals_state_store_behind").set(behind as f64);
        metrics::gauge!("annals_writer_queue").set((queue + self.backlog.len()) as f64);
    }
}

async fn landed(flight: &mut Option<Flight>) -> Landed {
    let flight = flight.as_mut().expect("it is asked while there is one");
    let failed = |error| Landed::Failed { sent: true, reason: format!("appending failed: {error}") };
    (&mut flight.landed).await.unwrap_or_else(failed)
}

/// What a refusal and its kind are answered with.
pub(crate) fn nothing(failure: Failure) -> Decision {
    Decision::Nothing(Verdict::Failed(failure))
}
