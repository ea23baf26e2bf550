//! Gives the commands that follow from an event.

use std::time::Instant;

use annals_core::{
    Context, EventRecord, StoredCommit, StreamId, TraceParent,
    bus::{CommandRequest, Expected, Failure},
};
use serde_json::{Map, Value};
use tracing::{debug, info, warn};
use uuid::Uuid;

use crate::act::{Actor, Settlement};

/// A command that a reactor gives.
pub(crate) struct Order {
    pub id: Uuid,
    pub stream: StreamId,
    pub command: String,
    pub data: Value,
}

/// The command could not be given; the log line has been written.
pub(crate) struct NotGiven;

impl Actor {
    /// Gives a command. A refusal settles it: who needs to know a no makes the no an event.
    pub(crate) async fn give(
        &self,
        stored: &StoredCommit,
        cause: &EventRecord,
        order: Order,
    ) -> Result<Settlement, NotGiven> {
        let (reactor, started) = (self.reactor.name, Instant::now());
        let request = self.request(stored, cause, order);
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
                // An earlier release did it, in other words.
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
            Ok(_) | Err(Failure::Refused(_) | Failure::IdempotencyKeyReused) => Ok(Settlement::Settled),
            Err(_) => Err(NotGiven),
        }
    }

    /// The event is the cause, and the trace goes on.
    fn request(&self, stored: &StoredCommit, cause: &EventRecord, order: Order) -> CommandRequest {
        let from = &stored.commit.context;
        CommandRequest {
            id: order.id,
            stream: order.stream,
            command: order.command,
            data: order.data,
            context: Context {
                correlation_id: from.correlation_id,
                causation_id: cause.id,
                actor: format!("reactor:{}", self.reactor.name),
                metadata: Map::new(),
                trace: from.trace.map(|trace: TraceParent| trace.child(rand::random())),
            },
            expected: Expected::Any,
            caused_at: Some(stored.position),
        }
    }
}
