//! What one commit makes a reactor do.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use annals_core::{Catalog, Dispatch, Outgoing, Reactor, StoredCommit};
use annals_nats::{Attempts, Bus, Delivery, JetStreamLog, Nats};
use tracing::warn;

use crate::{give::Order, pauses::Pauses, trouble::Trouble};

/// A reactor with what it acts through.
pub(crate) struct Actor {
    pub reactor: Reactor,
    pub catalog: Catalog,
    pub bus: Bus,
    pub log: JetStreamLog,
    pub attempts: Attempts,
    pub pauses: Pauses,
    pub trouble: Trouble,
}

/// Whether a commit is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settlement {
    Settled,
    /// It shall come again after a while.
    Retry(Duration),
}

impl Actor {
    pub(crate) fn new(
        reactor: Reactor,
        catalog: Catalog,
        nats: &Nats,
        pauses: Pauses,
        trouble: Trouble,
    ) -> Self {
        let (bus, log, attempts) = (nats.bus(), nats.log(), nats.attempts());
        Self { reactor, catalog, bus, log, attempts, pauses, trouble }
    }

    /// Whether something may have to be done about a commit: about most there is nothing.
    pub(crate) fn is_concerned(&self, delivery: &Delivery) -> bool {
        let asleep = |stored| !self.reactor.is_woken_by(stored);
        // One that comes again may stand among the troubles.
        delivery.times > 1 || !delivery.stored.as_ref().is_ok_and(asleep)
    }

    /// Does everything about a commit that is to be done. Doing it again does nothing twice.
    pub(crate) async fn act(&self, delivery: &Delivery) -> Settlement {
        let stored = match &delivery.stored {
            Ok(stored) => stored,
            Err(error) => return self.stuck(delivery, error),
        };
        let dispatches = match self.wanted(stored) {
            Ok(dispatches) => dispatches,
            Err(reason) => return self.stuck(delivery, &reason),
        };
        for dispatch in dispatches {
            let settlement = self.carry_out(stored, dispatch, delivery.times).await;
            if settlement != Settlement::Settled {
                return settlement;
            }
        }
        self.trouble.unstuck(self.reactor.name, delivery.position);
        Settlement::Settled
    }

    /// What the reactor wants done about a commit, or why it cannot say.
    pub(crate) fn wanted<'a>(&self, stored: &'a StoredCommit) -> Result<Vec<Dispatch<'a>>, String> {
        match catch_unwind(AssertUnwindSafe(|| self.reactor.react(stored))) {
            Ok(dispatches) => dispatches.map_err(|error| error.to_string()),
            Err(_) => Err("it panicked over it".into()),
        }
    }

    /// Names the consumer that all its instances share.
    pub(crate) fn durable(&self) -> String {
        format!("reactor-{}", self.reactor.name)
    }

    /// Later: 1, 2, 4 ... 64 s after the n-th delivery.
    pub(crate) fn later(&self, times: u64) -> Settlement {
        Settlement::Retry(self.pauses.retry(times))
    }

    /// Perhaps the next release can read it.
    fn stuck(&self, delivery: &Delivery, reason: &dyn Display) -> Settlement {
        let (name, position, times) = (self.reactor.name, delivery.position, delivery.times);
        warn!(position, times, "{name} cannot act on a commit: {reason}");
        self.trouble.stuck(name, position, reason.to_string());
        self.later(times)
    }

    async fn carry_out(&self, stored: &StoredCommit, dispatch: Dispatch<'_>, times: u64) -> Settlement {
        match dispatch.outgoing {
            Outgoing::Deliver => self.deliver(stored, dispatch.cause, times).await,
            Outgoing::Command { id, stream, command, data } => {
                let order = Order { id, stream, command, data };
                self.give(stored, dispatch.cause, order).await.unwrap_or_else(|_| self.later(times))
            }
        }
    }
}
