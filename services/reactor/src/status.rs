//! How far a reactor is, for clients that ask, and for those that wait until it is there.

use std::time::Duration;

use annals_core::{
    Position,
    bus::{Failure, ReactorReply, ReactorRequest, ReactorState, ReactorStatus},
    log::Log,
};
use annals_nats::JetStreamLog;
use jiff::Timestamp;
use tokio::{sync::watch, time::timeout};

use crate::{health::Health, unsettled::Unsettled};

/// How far the reactor is. It never claims more than is settled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Everything up to here is settled.
    pub settled: Position,
    /// Everything up to here was read.
    pub read: Position,
    /// Commits read and not settled.
    pub unsettled: u64,
    /// Those of them that have been tried in vain.
    pub failed: u64,
    /// When the oldest of them was recorded.
    pub oldest: Option<Timestamp>,
}

impl Progress {
    pub(crate) fn new(read: Position, unsettled: &Unsettled) -> Self {
        let oldest = unsettled.oldest();
        Self {
            settled: oldest.map_or(read, |(position, _)| read.min(position - 1)),
            read,
            unsettled: unsettled.len() as u64,
            failed: unsettled.failed(),
            oldest: oldest.map(|(_, recorded_at)| recorded_at),
        }
    }
}

/// Answers for the reactor while this instance works on it.
#[derive(Clone)]
pub(crate) struct StatusQuery {
    pub reactor: &'static str,
    pub log: JetStreamLog,
    pub health: Health,
    /// Ends when this instance stops to work on it.
    pub progress: watch::Receiver<Progress>,
}

impl StatusQuery {
    /// Answers once everything up to the position that was asked for is settled.
    pub(crate) async fn answer(self, request: ReactorRequest) -> ReactorReply {
        let Self { reactor, log, health, mut progress } = self;
        let wanted = request.min_position.unwrap_or(0);
        let unavailable = |detail: String| Failure::Unavailable { detail };
        let end = log.end().await.map_err(|error| unavailable(error.to_string()))?;
        if wanted > end {
            return Err(Failure::BeyondTheEnd { wanted, end });
        }
        let is_there = progress.wait_for(|progress| progress.settled >= wanted);
        let reached = timeout(Duration::from_millis(request.wait_ms), is_there).await;
        match reached.map(|reached| reached.map(drop)) {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(unavailable(format!("reactor {reactor} moves to another instance"))),
            Err(_) => {
                let position = progress.borrow().settled;
                return Err(Failure::ProjectionBehind { position, wanted: Some(wanted) });
            }
        }
        let progress = progress.borrow().clone();
        let age = |since| Timestamp::now().duration_since(since).as_secs_f64().max(0.0);
        Ok(ReactorStatus {
            position: progress.settled,
            lag_events: progress.unsettled + end.saturating_sub(progress.read),
            lag_seconds: progress.oldest.map_or(0.0, age),
            retries: progress.failed,
            state: if health.is_degraded(reactor) { ReactorState::Degraded } else { ReactorState::Live },
        })
    }
}
