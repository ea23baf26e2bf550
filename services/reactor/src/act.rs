//! What one commit makes a reactor do.

use std::time::Duration;

use annals_core::{Catalog, Dispatch, Outgoing, Reactor, StoredCommit};
use annals_nats::{Bus, Delivery, JetStreamLog, Nats};
use tracing::warn;

use crate::give::Order;

/// A reactor with what it acts through.
pub(crate) struct Actor {
    pub reactor: Reactor,
    pub catalog: Catalog,
    pub bus: Bus,
    pub log: JetStreamLog,
}

/// Whether a commit is dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settlement {
    Settled,
    /// It shall come again after a while.
    Retry(Duration),
}

impl Settlement {
    /// After the n-th delivery in vain: 1, 2, 4 ... 64 s.
    pub(crate) fn later(times: u64) -> Self {
        Self::Retry(Duration::from_secs(1 << times.saturating_sub(1).min(6)))
    }
}

impl Actor {
    pub(crate) fn new(reactor: Reactor, catalog: Catalog, nats: &Nats) -> Self {
        Self { reactor, catalog, bus: nats.bus(), log: nats.log() }
    }

    /// Does everything about a commit that is to be done. Doing it again does nothing twice.
    pub(crate) async fn act(&self, delivery: &Delivery) -> Settlement {
        let name = self.reactor.name;
        let later = |reason: &dyn std::fmt::Display| {
            warn!(
                position = delivery.position,
                times = delivery.times,
                "{name} cannot read an event: {reason}"
            );
            Settlement::later(delivery.times)
        };
        let stored = match &delivery.stored {
            Ok(stored) => stored,
            Err(error) => return later(error),
        };
        let dispatches = match self.reactor.react(stored) {
            Ok(dispatches) => dispatches,
            Err(error) => return later(&error),
        };
        for dispatch in dispatches {
            let settlement = self.carry_out(stored, dispatch, delivery.times).await;
            if settlement != Settlement::Settled {
                return settlement;
            }
        }
        metrics::counter!("annals_reactor_commits_total", "reactor" => name).increment(1);
        Settlement::Settled
    }

    async fn carry_out(&self, stored: &StoredCommit, dispatch: Dispatch<'_>, times: u64) -> Settlement {
        match dispatch.outgoing {
            Outgoing::Deliver => self.deliver(stored, dispatch.cause, times).await,
            Outgoing::Command { id, stream, command, data } => {
                let order = Order { id, stream, command, data };
                self.give(stored, dispatch.cause, order).await.unwrap_or_else(|_| Settlement::later(times))
            }
        }
    }
}
