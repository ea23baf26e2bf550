//! An event with all that the log knows about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;

use crate::{Decider, EventRecord, Place, Position, StoredCommit, Unreadable, Version, schema};

/// An event as projections and reactors see it.
#[derive(Debug, Clone)]
pub struct Recorded<E> {
    /// The aggregate that it happened to.
    pub id: Uuid,
    /// The aggregate's category.
    pub category: String,
    /// The event's own id.
    pub event_id: Uuid,
    /// The event's number in its stream.
    pub version: Version,
    /// The position of its entry in the log.
    pub position: Position,
    /// Its place in that entry.
    pub place: Place,
    /// When the command service recorded it.
    pub recorded_at: Timestamp,
    /// What happened.
    pub event: E,
}

impl<E> Recorded<E> {
    /// Puts `event` where `record` stands in its commit.
    #[must_use]
    pub fn new(event: E, place: Place, record: &EventRecord, stored: &StoredCommit) -> Self {
        Self {
            id: stored.commit.stream.id,
            category: stored.commit.stream.category.clone(),
            event_id: record.id,
            version: record.version,
            position: stored.position,
            place,
            recorded_at: stored.commit.recorded_at,
            event,
        }
    }

    /// Orders events as the log does, in one number: for a column that a view is ordered by.
    #[must_use]
    pub fn order(&self) -> u64 {
        address(self.position, self.place)
    }
}

/// Position and place in one number, in the order of the log: an entry has fewer than 2^16 events.
#[must_use]
pub fn address(position: Position, place: Place) -> u64 {
    position << 16 | u64::from(place)
}

/// An event as HTTP shows it. Its data is passed through as it was stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(missing_docs)] // the fields are those of `Recorded` and `Context`
pub struct EventView {
    pub id: Uuid,
    pub r#type: String,
    pub category: String,
    pub stream_id: Uuid,
    pub version: Version,
    pub position: Position,
    pub place: Place,
    pub schema: u32,
    #[serde(with = "micros")]
    pub recorded_at: Timestamp,
    pub correlation_id: Uuid,
    pub causation_id: Uuid,
    pub actor: String,
    pub metadata: Map<String, Value>,
    pub data: Box<RawValue>,
}

impl EventView {
    /// Shows one event of a stored commit.
    #[must_use]
    pub fn new(place: Place, record: &EventRecord, stored: &StoredCommit) -> Self {
        let commit = &stored.commit;
        Self {
            id: record.id,
            r#type: record.kind.clone(),
            category: commit.stream.category.clone(),
            stream_id: commit.stream.id,
            version: record.version,
            position: stored.position,
            place,
            schema: record.schema,
            recorded_at: commit.recorded_at,
            correlation_id: commit.context.correlation_id,
            causation_id: commit.context.causation_id,
            actor: commit.context.actor.clone(),
            metadata: commit.context.metadata.clone(),
            data: record.data.clone(),
        }
    }

    /// What happened, as `D` knows it today: an older schema is lifted.
    ///
    /// # Errors
    /// When it did not happen to a `D`, or cannot be read.
    pub fn read<D: Decider>(&self) -> Result<D::Event, Unreadable> {
        if self.category == D::NAME {
            return schema::read::<D>(&self.r#type, self.schema, &self.data);
        }
        Err(Unreadable::UnknownEvent { category: D::NAME.into(), event: self.r#type.clone() })
    }

    /// Shows all events of a stored commit, oldest first.
    #[must_use]
    pub fn all(stored: &StoredCommit) -> Vec<Self> {
        stored.events().map(|(place, record)| Self::new(place, record, stored)).collect()
    }
}

/// Times as RFC 3339 in UTC, always with microseconds.
pub mod micros {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    /// `2026-11-21T09:30:00.123456Z`
    #[must_use]
    pub fn format(time: Timestamp) -> String {
        format!("{time:.6}")
    }

    /// For `#[serde(with = "micros")]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format(*time))
    }

    /// For `#[serde(with = "micros")]`.
    ///
    /// # Errors
    /// When the text is not a time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(deserializer)
    }
}
