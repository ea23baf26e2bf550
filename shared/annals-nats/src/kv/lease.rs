//! Who may do what one instance at a time does.
//!
//! A lease is a key whose value names its holder, written anew again and again under the expected revision. A candidate
//! that reads the same revision for as long as a lease lasts may take it. Times are measured by the monotonic clock of
//! each process, so clocks need not agree. Two holders at once are unlikely, not impossible: nothing may rest on a
//! lease but who does the work.

use std::{mem, time::Duration};

use annals_core::log::LogError;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::lease_key::{Key, Seen};
use crate::{Nats, leader::unavailable};

/// How quickly a lease changes hands.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTiming {
    /// A holder writes it so often. A candidate looks at it twice as often.
    pub renew_every: Duration,
    /// It is lost when it could not be written for so long, and taken when it was not.
    pub expires_after: Duration,
}

impl Default for LeaseTiming {
    fn default() -> Self {
        Self { renew_every: Duration::from_secs(1), expires_after: Duration::from_secs(3) }
    }
}

/// A lease that an instance wants to hold.
#[derive(Debug, Clone)]
pub struct Lease {
    key: Key,
    timing: LeaseTiming,
    /// Whether this instance held it last, as far as it knows: then it makes a missing key again at once.
    held_last: bool,
}

/// A lease that is held, and renewed in the background. Dropped without [`Held::release`] it expires.
#[derive(Debug)]
pub struct Held {
    /// Until when it is certainly ours.
    valid_until: watch::Receiver<Instant>,
    stop: CancellationToken,
    renewals: JoinHandle<()>,
}

impl Nats {
    /// The lease under a key, such as `writer`. `instance` names this process, and no other one.
    #[must_use]
    pub fn lease(&self, key: &str, instance: &str, timing: LeaseTiming) -> Lease {
        let key = Key::new(self, key, instance, timing.renew_every);
        Lease { key, timing, held_last: false }
    }
}

impl Lease {
    /// Waits until this instance holds it; none if `shutdown` came first.
    pub async fn acquire(&mut self, shutdown: &CancellationToken) -> Option<Held> {
        let mut looks = interval(self.timing.renew_every / 2);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before: Option<(Seen, Instant)> = None;
        let mut away = false;
        loop {
            shutdown.run_until_cancelled(looks.tick()).await?;
            let seen = match self.key.look().await {
                Ok(seen) => seen,
                Err(error) => {
                    if !mem::replace(&mut away, true) {
                        warn!(lease = self.key.name, "waiting for the lease: {error}");
                    }
                    continue;
                }
            };
            away = false;
            let since = match &before {
                Some((same, since)) if *same == seen => *since,
                _ => Instant::now(),
            };
            let ours = matches!(&seen, Seen::Held { by, .. } if *by == self.key.instance);
            self.held_last = ours || (self.held_last && seen == Seen::Missing);
            let free = self.held_last
                || matches!(seen, Seen::Released { .. })
                || (seen == Seen::Missing && self.key.was_never_held());
            if !free && since.elapsed() < self.timing.expires_after {
                before = Some((seen, since));
                continue;
            }
            let begun = Instant::now();
            match self.key.write(seen.revision()).await {
                Ok(revision) => return Some(self.hold(revision, begun)),
                // Another candidate was faster, or it was written all the same: the next look tells.
                Err(error) => debug!(lease = self.key.name, "not taken: {error}"),
            }
            before = None;
        }
    }

    /// The instance that holds it, or did so last.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn holder(&mut self) -> Result<Option<String>, LogError> {
        match self.key.look().await? {
            Seen::Held { by, .. } => Ok(Some(by)),
            Seen::Missing | Seen::Released { .. } => Ok(None),
        }
    }

    fn hold(&mut self, revision: u64, written: Instant) -> Held {
        debug!(lease = self.key.name, instance = self.key.instance, "holding the lease");
        self.held_last = true;
        let (valid, valid_until) = watch::channel(written + self.timing.expires_after);
        let stop = CancellationToken::new();
        let renewals = Renewals { key: self.key.clone(), timing: self.timing, revision, valid };
        let renewals = tokio::spawn(renewals.run(stop.clone()));
        Held { valid_until, stop, renewals }
    }
}

impl Held {
    /// Whether it is still ours. To be asked before each piece of work: a process that was paused learns it here.
    #[must_use]
    pub fn is_held(&self) -> bool {
        Instant::now() < *self.valid_until.borrow()
    }

    /// Waits until it may be another instance's: it could not be renewed for too long, or another one has it.
    pub async fn lost(&self) {
        let mut valid_until = self.valid_until.clone();
        loop {
            let until = *valid_until.borrow_and_update();
            if until <= Instant::now() {
                return;
            }
            tokio::select! {
                () = sleep_until(until) => {}
                changed = valid_until.changed() => if changed.is_err() {
                    return sleep_until(until).await;
                },
            }
        }
    }

    /// Gives it up, so that another instance can take it at once.
    pub async fn release(mut self) {
        self.stop.cancel();
        if let Err(error) = (&mut self.renewals).await {
            warn!("a lease was not released: {error}");
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewals.abort();
    }
}

/// Renews a lease until it is lost or released.
struct Renewals {
    key: Key,
    timing: LeaseTiming,
    revision: u64,
    valid: watch::Sender<Instant>,
}

enum NotRenewed {
    /// The server cannot be asked, or the outcome is open.
    Fault(LogError),
    /// Another instance has it.
    Taken { by: String },
}

impl Renewals {
    async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(self.timing.renew_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await; // it was written just now
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let lease = self.key.name.clone();
            match self.renew().await {
                Ok(until) if self.is_valid() => drop(self.valid.send_replace(until)),
                Ok(_) => return warn!(lease, "the lease is lost: it was renewed too late"),
                Err(NotRenewed::Fault(error)) if self.is_valid() => debug!(lease, "not renewed: {error}"),
                Err(NotRenewed::Fault(error)) => return warn!(lease, "the lease is lost: {error}"),
                Err(NotRenewed::Taken { by }) => {
                    self.valid.send_replace(Instant::now());
                    return warn!(lease, "the lease is lost to {by}");
                }
            }
        }
        if let Err(error) = self.key.release(self.revision).await {
            debug!(lease = self.key.name, "the lease is not given up, and expires: {error}");
        }
    }

    /// What was not valid for a moment may have been another instance's.
    fn is_valid(&self) -> bool {
        Instant::now() < *self.valid.borrow()
    }

    /// Until when it is valid now. A write that failed may have been stored, and then it is in the way of the next
    /// one. A missing key is made again at once.
    async fn renew(&mut self) -> Result<Instant, NotRenewed> {
        for _ in 0..2 {
            let begun = Instant::now();
            let error = match self.key.write(self.revision).await {
                Ok(revision) => {
                    self.revision = revision;
                    return Ok(begun + self.timing.expires_after);
                }
                Err(error) => error,
            };
            let seen = self.key.look().await.map_err(NotRenewed::Fault)?;
            let revision = seen.revision();
            match seen {
                Seen::Held { by, .. } if by != self.key.instance => return Err(NotRenewed::Taken { by }),
                Seen::Held { .. } | Seen::Missing | Seen::Released { .. } => {}
            }
            if revision == self.revision {
                return Err(NotRenewed::Fault(error));
            }
            self.revision = revision;
        }
        Err(NotRenewed::Fault(unavailable("its revision changes all the time")))
    }
}
