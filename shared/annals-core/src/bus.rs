//! What the services say to each other over NATS, as JSON.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use crate::{Context, EventView, FieldError, Fingerprint, Position, Refused, StreamId, Version};

/// Asks the command service to do something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommandRequest {
    /// The command's id. The same id again is a repeat.
    pub id: Uuid,
    /// To whom.
    pub stream: StreamId,
    /// What, in kebab-case.
    pub command: String,
    /// Its data: a JSON object.
    pub data: Value,
    /// Where it comes from.
    pub context: Context,
    /// What the client knows of the stream.
    #[serde(default)]
    pub expected: Expected,
    /// Whether this is the first sending of an id that was drawn for it, so that no repeat has to be looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_sending: bool,
}

/// The version that a stream must stand at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// Whatever it is.
    #[default]
    Any,
    /// No event yet.
    New,
    /// Exactly this one.
    Version(Version),
}

/// Asks what became of a command that stored something.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CommandLookup {
    /// The command's id.
    pub id: Uuid,
    /// Its fingerprint has to be this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

/// What became of a command.
pub type CommandReply = Result<Accepted, Failure>;

/// A command that was carried out, or that changed nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Accepted {
    /// The command's id.
    pub command_id: Uuid,
    /// The aggregate's category.
    pub category: String,
    /// The aggregate.
    pub id: Uuid,
    /// The stream's version after the command.
    pub version: Version,
    /// Where the stream's last commit stands.
    pub position: Position,
    /// What happened; empty if nothing changed.
    pub events: Vec<EventView>,
    /// Whether this is the answer to an earlier command with the same id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replayed: bool,
}

/// Why something was not done. One variant for each problem code that can come over the bus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Failure {
    /// No such category.
    UnknownCategory,
    /// No such command.
    UnknownCommand,
    /// No such row.
    NotFound {
        /// How far the view is.
        position: Position,
    },
    /// The data does not fit the command.
    InvalidPayload {
        /// Each thing that is wrong.
        errors: Vec<FieldError>,
    },
    /// A limit, filter or cursor that means nothing.
    InvalidQuery {
        /// What is wrong.
        detail: String,
    },
    /// Nothing has been stored at this position yet: whoever waits for it is mistaken.
    BeyondTheEnd {
        /// What is waited for.
        wanted: Position,
        /// Where the log ends.
        end: Position,
    },
    /// The stream is not where the client thinks.
    VersionMismatch {
        /// Where it is.
        version: Version,
    },
    /// The aggregate says no.
    Refused(Refused),
    /// The id belongs to another command on the same aggregate.
    IdempotencyKeyReused,
    /// The first one with this id is still running.
    CommandInFlight,
    /// Other writers won every retry.
    Conflict,
    /// The events do not fit in a commit.
    PayloadTooLarge {
        /// The encoded size.
        bytes: usize,
    },
    /// The log did not answer in time, and may or may not have stored the commit.
    OutcomeUnknown,
    /// Nothing was done: the log or a service is not reachable.
    Unavailable {
        /// What is missing.
        detail: String,
    },
    /// The view, or the reactor, is not as far as asked.
    ProjectionBehind {
        /// Where it is.
        position: Position,
        /// Where it should be; none if it only has to reach the log's end for the first time.
        wanted: Option<Position>,
    },
    /// An event in the way that cannot be read.
    EventQuarantined {
        /// What is wrong with it.
        detail: String,
    },
    /// The rules are wrong: they made an event that could not be read again. Nothing is stored.
    InternalError {
        /// What is wrong with it.
        detail: String,
    },
}

/// Asks a view.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ViewRequest {
    /// What is asked.
    pub query: Query,
    /// The position that must be applied first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_position: Option<Position>,
    /// How long to wait for it, in milliseconds.
    #[serde(default)]
    pub wait_ms: u64,
}

/// What can be asked of a view.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Query {
    /// A page of rows.
    Rows {
        /// Columns and the values that they must equal.
        filters: Vec<(String, String)>,
        /// At most so many.
        limit: u32,
        /// Where the page before ended.
        cursor: Option<String>,
    },
    /// One row, by its key.
    Row {
        /// The values of the key's columns.
        key: Vec<String>,
    },
    /// How it is doing.
    Status,
}

/// What a view answers.
pub type ViewReply = Result<ViewAnswer, Failure>;

/// An answer and the position that it holds for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ViewAnswer {
    /// Everything in the log up to here has been applied.
    pub position: Position,
    /// A JSON object: `{"rows", "next"}`, a row, or a [`ViewStatus`].
    pub body: Box<RawValue>,
}

/// How a view is doing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ViewStatus {
    /// Everything in the log up to here has been applied.
    pub position: Position,
    /// Commits of its categories that are not applied yet.
    pub lag_events: u64,
    /// The age of the oldest of them, in seconds.
    pub lag_seconds: f64,
    /// Whether it can serve.
    pub state: ViewState,
}

/// Whether a view can serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ViewState {
    /// It follows the log.
    Live,
    /// It has never reached the log's end.
    Building,
    /// An event is in the way; it serves what it has.
    Degraded,
}

/// Asks a reactor how it is doing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReactorRequest {
    /// Everything up to this position must be settled first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_position: Option<Position>,
    /// How long to wait for that, in milliseconds.
    #[serde(default)]
    pub wait_ms: u64,
}

/// What a reactor answers.
pub type ReactorReply = Result<ReactorStatus, Failure>;

/// How a reactor is doing, over all its instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReactorStatus {
    /// Everything in the log up to here is settled, or none of its business.
    pub position: Position,
    /// Commits of its categories that are not settled yet.
    pub lag_events: u64,
    /// The age of the oldest of them, in seconds.
    pub lag_seconds: f64,
    /// How many of them have been tried in vain, and are tried again.
    pub retries: u64,
    /// Whether it gets on.
    pub state: ReactorState,
}

/// Whether a reactor gets on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReactorState {
    /// It follows the log.
    Live,
    /// It is given nothing, or there is a commit that it cannot act on. It goes on with the others.
    Degraded,
}
