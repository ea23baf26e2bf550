//! Works on a reactor while this instance holds its lease.

use std::{mem, sync::Arc, time::Duration};

use annals_core::{
    Address, Position,
    log::{Checkpoint, Log, LogError, Read, ReadError},
};
use annals_nats::{Held, JetStreamLog, ReactorCheckpoint, ReactorCheckpoints, SharedReader, caught};
use metrics::{Counter, Gauge, counter, gauge};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    checkpoint::Resumed,
    dispatch::{Dispatcher, Outcome},
    reader::Reader,
    status::Progress,
    unsettled::{Unsettled, address},
};

/// The state of a reactor that this instance works on. Dropped, it leaves everything as a crash does.
pub(crate) struct Session {
    dispatcher: Arc<Dispatcher>,
    log: JetStreamLog,
    checkpoints: ReactorCheckpoints,
    reader: Reader,
    /// The checkpoint that was saved last.
    saved: ReactorCheckpoint,
    /// How far it has read.
    read: Checkpoint,
    /// Where the log ended a moment ago.
    end: Position,
    unsettled: Unsettled,
    at_work: JoinSet<(Address, Outcome)>,
    progress: watch::Sender<Progress>,
    checks: Interval,
    /// The check that is being made.
    checking: JoinSet<Check>,
    meters: Meters,
}

struct Meters {
    settled: Counter,
    retried: Counter,
    lag: Gauge,
    in_hand: Gauge,
}

/// What is done once a second.
struct Check {
    end: Result<Position, LogError>,
    /// The checkpoint, if it was saved.
    saved: Option<ReactorCheckpoint>,
}

/// Commits that one instance works on at once.
const MAX_CONCURRENT: usize = 64;

/// Between two checkpoints.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How long what was begun may still take at a stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long saving the checkpoint may take at a stop. If it is not saved, more is done again.
const LAST_SAVE_TIMEOUT: Duration = Duration::from_secs(1);

impl Session {
    pub(crate) fn new(
        dispatcher: Arc<Dispatcher>,
        shared: SharedReader<JetStreamLog>,
        checkpoints: ReactorCheckpoints,
        resumed: Resumed,
    ) -> Self {
        let Resumed { checkpoint: saved, unsettled: listed } = resumed;
        let (name, read) = (dispatcher.reactor.name, saved.read);
        let mut unsettled = Unsettled::default();
        for stored in listed {
            unsettled.push(stored, read);
        }
        let mut checks = interval(CHECK_EVERY);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let meters = Meters {
            settled: counter!("annals_reactor_settled_total", "reactor" => name),
            retried: counter!("annals_reactor_retried_total", "reactor" => name),
            lag: gauge!("annals_reactor_lag", "reactor" => name),
            in_hand: gauge!("annals_reactor_in_hand", "reactor" => name),
        };
        Self {
            log: shared.log().clone(),
            reader: Reader::start(shared, read, dispatcher.timing),
            dispatcher,
            checkpoints,
            saved,
            read,
            end: read.position,
            progress: watch::Sender::new(Progress::new(read.position, &unsettled)),
            unsettled,
            at_work: JoinSet::new(),
            checks,
            checking: JoinSet::new(),
            meters,
        }
    }

    /// How far it is, as it goes on.
    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Works until `shutdown`, then finishes what it has begun and saves the checkpoint.
    pub(crate) async fn run(&mut self, held: &Held, shutdown: &CancellationToken) {
        loop {
            self.begin(held);
            self.publish();
            let retry = self.unsettled.next_retry();
            tokio::select! {
                () = shutdown.cancelled() => return self.finish().await,
                _ = self.checks.tick() => self.check(),
                Some(check) = self.checking.join_next() => check.map_or_else(drop, |check| self.checked(check)),
                Some(done) = self.at_work.join_next() => done.map_or_else(drop, |done| self.done(done)),
                read = self.reader.next(), if self.unsettled.has_room() => self.take(read),
                () = sleep_until(retry.unwrap_or_else(Instant::now)), if retry.is_some() => {}
            }
        }
    }

    /// Begins as many commits as may be worked on at once. A process that was paused may have lost the lease.
    fn begin(&mut self, held: &Held) {
        while self.at_work.len() < MAX_CONCURRENT && held.is_held() {
            let Some((stored, failures)) = self.unsettled.begin(Instant::now()) else { return };
            let (dispatcher, tries) = (self.dispatcher.clone(), failures + 1);
            self.at_work.spawn(async move {
                let handled = async { Ok(dispatcher.handle(&stored, tries).await) };
                let outcome = caught(dispatcher.reactor.name, handled).await;
                (address(&stored), outcome.unwrap_or_else(|_| dispatcher.later(tries)))
            });
        }
    }

    #[allow(clippy::cast_precision_loss)] // a gauge need not tell 2^53 commits from one more
    fn publish(&self) {
        let progress = Progress::new(self.read.position, &self.unsettled);
        self.meters.in_hand.set(self.at_work.len() as f64);
        self.meters.lag.set((progress.unsettled + self.end.saturating_sub(progress.read)) as f64);
        self.progress.send_if_modified(|before| {
            let after = mem::replace(before, progress);
            after != *before
        });
    }

    fn done(&mut self, (address, outcome): (Address, Outcome)) {
        match outcome {
            Outcome::Settled => {
                self.meters.settled.increment(1);
                self.unsettled.settle(address);
            }
            Outcome::Retry(after) => {
                self.meters.retried.increment(1);
                self.unsettled.retry(address, Instant::now() + after);
            }
        }
    }

    /// Takes what concerns the reactor out of what was read. About most commits there is nothing to do.
    fn take(&mut self, reads: Result<Vec<Read>, ReadError>) {
        let reads = match reads {
            Ok(reads) => reads,
            Err(error) => return self.report_blocked(&error.to_string()),
        };
        self.report_unblocked();
        // Foreign messages between the head and the position of a checkpoint are read again.
        let before = self.read.position;
        for read in reads.into_iter().filter(|read| read.checkpoint.position > before) {
            let commits = read.entry.iter().flat_map(|entry| &entry.commits);
            let is_new = read.checkpoint.position > self.saved.start;
            for stored in commits.filter(|stored| is_new && self.dispatcher.reactor.is_woken_by(stored)) {
                self.unsettled.push(stored.clone(), self.read);
            }
            self.read = read.checkpoint;
        }
    }

    fn checkpoint(&self) -> ReactorCheckpoint {
        let (read, unsettled) = self.unsettled.checkpoint(self.read);
        ReactorCheckpoint { read, unsettled, ..self.saved.clone() }
    }

    /// Saves the checkpoint if it has changed, and looks where the log ends.
    fn check(&mut self) {
        if !self.checking.is_empty() {
            return;
        }
        let next = Some(self.checkpoint()).filter(|next| *next != self.saved);
        let (log, checkpoints, name) = (self.log.clone(), self.checkpoints.clone(), self.name());
        self.checking.spawn(async move {
            let mut saved = None;
            if let Some(next) = next {
                match checkpoints.save(name, &next).await {
                    Ok(()) => saved = Some(next),
                    Err(error) => debug!("the checkpoint of {name} is not saved: {error}"),
                }
            }
            Check { end: log.end().await, saved }
        });
    }

    fn checked(&mut self, Check { end, saved }: Check) {
        self.saved = saved.unwrap_or_else(|| self.saved.clone());
        match end {
            Ok(end) => {
                self.end = end;
                if self.read.position >= end {
                    self.report_unblocked();
                }
            }
            Err(error) => self.report_blocked(&error.to_string()),
        }
    }

    fn report_blocked(&self, reason: &str) {
        if self.dispatcher.health.block(self.name(), reason) {
            warn!("{} is blocked: {reason}", self.name());
        }
    }

    fn report_unblocked(&self) {
        if self.dispatcher.health.unblock(self.name()) {
            info!("{} continues", self.name());
        }
    }

    async fn finish(&mut self) {
        let drained = async {
            while let Some(done) = self.at_work.join_next().await {
                done.map_or_else(drop, |done| self.done(done));
                self.publish();
            }
        };
        if timeout(DRAIN_TIMEOUT, drained).await.is_err() {
            warn!("{} leaves {} commits to be done again", self.name(), self.at_work.len());
        }
        let checkpoint = self.checkpoint();
        if checkpoint != self.saved {
            let saved = self.checkpoints.save(self.name(), &checkpoint);
            let _ = timeout(LAST_SAVE_TIMEOUT, saved).await;
        }
    }

    fn name(&self) -> &'static str {
        self.dispatcher.reactor.name
    }
}
