//! Questions to the events index: where in the log events are.
//!
//! Addresses are those of [`crate::address`]: position and place in one number.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Position, StreamId, Version,
    bus::{Failure, ViewStatus},
    log::Checkpoint,
    micros,
};

/// Asks the index.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexRequest {
    /// What is asked.
    pub query: IndexQuery,
    /// The position that must be indexed first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_position: Option<Position>,
    /// How long to wait for it, in milliseconds.
    #[serde(default)]
    pub wait_ms: u64,
}

/// What can be asked of the index.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexQuery {
    /// Events in the order of the log.
    Events {
        /// Which.
        filter: EventFilter,
        /// Behind this address.
        after: u64,
        /// Up to this position, inclusive.
        until: Option<Position>,
        /// At most so many.
        limit: u32,
    },
    /// One event, by its id.
    Event {
        /// The event's id.
        id: Uuid,
    },
    /// Events of one stream, oldest first.
    Stream {
        /// The stream.
        stream: StreamId,
        /// Behind this version.
        after: Version,
        /// Recorded after this time.
        since: Option<Timestamp>,
        /// At most so many.
        limit: u32,
    },
    /// The highest version of a stream that was recorded at or before a time.
    VersionAt {
        /// The stream.
        stream: StreamId,
        /// The time.
        at: Timestamp,
    },
    /// The streams of a category, newest activity first.
    Streams {
        /// The category.
        category: String,
        /// At most so many.
        limit: u32,
        /// Where the page before ended.
        cursor: Option<String>,
    },
    /// How the index is doing.
    Status,
}

/// Which events: those that pass everything that is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFilter {
    /// Of these types, in whatever category.
    pub types: Option<Vec<String>>,
    /// Of this category.
    pub category: Option<String>,
    /// With this correlation id.
    pub correlation_id: Option<Uuid>,
    /// With this causation id.
    pub causation_id: Option<Uuid>,
    /// Recorded after this time.
    pub since: Option<Timestamp>,
}

/// What the index answers.
pub type IndexReply = Result<IndexAnswer, Failure>;

/// An answer, and how far the index was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct IndexAnswer {
    /// Everything up to here was indexed.
    pub checkpoint: Checkpoint,
    /// The answer.
    pub body: IndexBody,
}

/// The answer itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndexBody {
    /// Of events in the order of the log.
    Addresses {
        /// Where they are.
        addresses: Vec<u64>,
        /// Whether there are more.
        more: bool,
    },
    /// Of a stream's events.
    Stream {
        /// The stream's version.
        version: Version,
        /// Where they are, oldest first.
        addresses: Vec<u64>,
        /// Whether there are more.
        more: bool,
    },
    /// A version of a stream.
    Version {
        /// Its number.
        version: Version,
    },
    /// The streams of a category.
    Streams {
        /// How many the category has.
        count: u64,
        /// Some of them.
        rows: Vec<StreamRow>,
        /// Where to go on.
        next: Option<String>,
    },
    /// There is no such event, stream, or version.
    NotFound,
    /// How the index is doing.
    Status(ViewStatus),
}

/// A stream in a list of streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamRow {
    /// The aggregate.
    pub id: Uuid,
    /// The number of its events.
    pub version: Version,
    /// The position of its last event.
    pub last_position: Position,
    /// When that was recorded.
    #[serde(with = "micros")]
    pub last_recorded_at: Timestamp,
}
