//! Does what follows from one commit.

use std::{
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use annals_core::{
    Catalog, Context, Dispatch, EventRecord, Outgoing, Reactor, StoredCommit, StreamId, TraceParent,
    bus::{CommandRequest, Expected, Failure},
};
use annals_nats::{Bus, DeliveryMarkers};
use serde_json::{Map, Value};
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::{health::Health, timing::Timing, unsettled::address};

/// A reactor with what it acts through.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    pub reactor: Reactor,
    pub catalog: Catalog,
    pub bus: Bus,
    pub markers: DeliveryMarkers,
    pub timing: Timing,
    pub health: Health,
}

/// What has become of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Settled,
    /// It is to be tried again after a while.
    Retry(Duration),
}

/// A command that a reactor sends.
pub(crate) struct Command {
    pub id: Uuid,
    pub stream: StreamId,
    pub name: String,
    pub data: Value,
}

/// The command did not reach a verdict; the log line has been written.
pub(crate) struct DispatchFailed;

impl Dispatcher {
    /// Does everything that follows from a commit, in order. Doing it again does nothing twice. `tries` counts this
    /// one.
    pub(crate) async fn handle(&self, stored: &StoredCommit, tries: u64) -> Outcome {
        let dispatches = match self.react(stored) {
            Ok(dispatches) => dispatches,
            Err(reason) => return self.stuck(stored, tries, &reason),
        };
        for Dispatch { cause, outgoing } in dispatches {
            let outcome = match outgoing {
                Outgoing::Deliver => self.deliver(stored, cause, tries).await,
                Outgoing::Command { id, stream, command, data } => {
                    let command = Command { id, stream, name: command, data };
                    match self.send(stored, cause, command).await {
                        Ok(()) => Outcome::Settled,
                        Err(DispatchFailed) => self.later(tries),
                    }
                }
            };
            if outcome != Outcome::Settled {
                return outcome;
            }
        }
        self.health.unstuck(self.reactor.name, address(stored));
        Outcome::Settled
    }

    /// What the reactor wants done about a commit, or why it cannot say.
    fn react<'a>(&self, stored: &'a StoredCommit) -> Result<Vec<Dispatch<'a>>, String> {
        match catch_unwind(AssertUnwindSafe(|| self.reactor.react(stored))) {
            Ok(dispatches) => dispatches.map_err(|error| error.to_string()),
            Err(_) => Err("it panicked over it".into()),
        }
    }

    /// After the n-th try that failed.
    pub(crate) fn later(&self, tries: u64) -> Outcome {
        Outcome::Retry(self.timing.retry(tries))
    }

    /// Perhaps the next release can read it.
    fn stuck(&self, stored: &StoredCommit, tries: u64, reason: &dyn Display) -> Outcome {
        let (name, position) = (self.reactor.name, stored.position);
        warn!(position, tries, "{name} cannot react to a commit: {reason}");
        self.health.stuck(name, address(stored), reason.to_string());
        self.later(tries)
    }

    /// Sends a command. A refusal settles it: a process that needs to know a no makes the no an event.
    pub(crate) async fn send(
        &self,
        stored: &StoredCommit,
        cause: &EventRecord,
        command: Command,
    ) -> Result<(), DispatchFailed> {
        let (reactor, started) = (self.reactor.name, Instant::now());
        let request = self.request(stored, cause, command);
        let CommandRequest { stream, command, context, .. } = &request;
        let (category, id, correlation) = (&stream.category, stream.id, context.correlation_id);
        let reply = self.bus.command(&request).await;
        let ms = started.elapsed().as_secs_f64() * 1000.0;
        let outcome = match &reply {
            Ok(accepted) if accepted.replayed || accepted.events.is_empty() => {
                debug!(category, %id, ms, %correlation, "{reactor}: {command} was done before");
                "repeated"
            }
            Ok(accepted) => {
                let (version, position) = (accepted.version, accepted.position);
                info!(category, %id, version, position, ms, %correlation, "{reactor}: {command}");
                "accepted"
            }
            Err(Failure::IdempotencyKeyReused) => {
                // An earlier release did it, with other data.
                info!(category, %id, ms, %correlation, "{reactor}: {command} was done before");
                "repeated"
            }
            Err(Failure::Refused(refused)) => {
                info!(category, %id, ms, %correlation, "{reactor}: {command} refused: {}", refused.reason);
                "refused"
            }
            Err(failure) => {
                warn!(category, %id, ms, %correlation, ?failure, "{reactor}: {command} failed, trying again");
                "failed"
            }
        };
        metrics::counter!("annals_reactor_reactions_total", "reactor" => reactor, "outcome" => outcome)
            .increment(1);
        match reply {
            Ok(_) | Err(Failure::Refused(_) | Failure::IdempotencyKeyReused) => Ok(()),
            Err(_) => Err(DispatchFailed),
        }
    }

    /// The event is the cause, and the trace goes on.
    fn request(&self, stored: &StoredCommit, cause: &EventRecord, command: Command) -> CommandRequest {
        let from = &stored.commit.context;
        CommandRequest {
            id: command.id,
            stream: command.stream,
            command: command.name,
            data: command.data,
            context: Context {
                correlation_id: from.correlation_id,
                causation_id: cause.id,
                actor: format!("reactor:{}", self.reactor.name),
                metadata: Map::new(),
                trace: from.trace.map(|trace: TraceParent| trace.child(rand::random())),
            },
            expected: Expected::Any,
            first_sending: false,
        }
    }
}
