//! A commit: what one command did to one aggregate.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Context, Position, StreamId, Version};

/// The 1..N events of one command on one aggregate.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The command's id.
    pub id: Uuid,
    /// The aggregate's stream.
    pub stream: StreamId,
    /// The writer's clock, in microseconds; never earlier than the log's previous commit.
    pub recorded_at: Timestamp,
    /// Where the command came from.
    pub context: Context,
    /// Tells whether a repeated id belongs to the same command.
    pub fingerprint: Fingerprint,
    /// What happened, oldest first; versions without gaps.
    pub events: Vec<EventRecord>,
}

/// One event in its commit.
#[derive(Debug, Clone)]
pub struct EventRecord {
    /// Derived from the command's id and the event's place in the command: see [`event_id`].
    pub id: Uuid,
    /// The event type, such as `MoneyDeposited`.
    pub kind: String,
    /// The event's number in its stream.
    pub version: Version,
    /// The schema that its data is written in.
    pub schema: u32,
    /// A JSON object.
    pub data: Box<RawValue>,
}

/// An event that was decided on and has no place in a stream yet.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The event type.
    pub kind: String,
    /// The present schema of that type.
    pub schema: u32,
    /// A JSON object.
    pub data: Box<RawValue>,
}

/// A commit at its place in the log.
#[derive(Debug, Clone)]
pub struct StoredCommit {
    /// The position of its entry.
    pub position: Position,
    /// The place of its first event in the entry, from 0.
    pub place: Place,
    /// What it says.
    pub commit: Commit,
}

/// An event's number within its entry, from 0. `position.place` is an event's address.
pub type Place = u32;

/// The first half of the SHA-256 over the name and the data of a command. Key order does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of a command.
    #[must_use]
    pub fn of(command: &str, data: &Value) -> Self {
        let digest = Sha256::digest(format!("{command}\n{data}"));
        Self(digest[..16].try_into().expect("a digest has 32 bytes"))
    }

    /// As it is kept in a database.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// As it was kept in a database.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; 32];
        hex::encode_to_slice(self.0, &mut text).expect("16 bytes are 32 digits");
        serializer.serialize_str(std::str::from_utf8(&text).expect("digits are ASCII"))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let mut bytes = [0; 16];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(D::Error::custom)?;
        Ok(Self(bytes))
    }
}

/// The id of a command's event: the command's id with `place + 1` (counted over all events of the command)
/// added to its low 16 bits by exclusive or. So ids are as ordered as those of their commands, and an event is
/// found by its id among the commands that share the upper 112 bits.
#[must_use]
pub fn event_id(command: Uuid, place: u16) -> Uuid {
    Uuid::from_u128(command.as_u128() ^ (u128::from(place) + 1))
}

impl Commit {
    /// Gives what was decided its versions, after version `after` of the stream, and its ids: `before` events of
    /// the same command stand before it in its entry.
    #[must_use]
    pub fn number(id: Uuid, after: Version, before: u16, decided: Vec<Decided>) -> Vec<EventRecord> {
        (after + 1..)
            .zip(before..)
            .zip(decided)
            .map(|((version, place), event)| EventRecord {
                id: event_id(id, place),
                kind: event.kind,
                version,
                schema: event.schema,
                data: event.data,
            })
            .collect()
    }

    /// The version of the stream once this has happened.
    #[must_use]
    pub fn version(&self) -> Version {
        self.events.last().map_or(0, |event| event.version)
    }
}

impl StoredCommit {
    /// Its events with their places.
    pub fn events(&self) -> impl Iterator<Item = (Place, &EventRecord)> {
        (self.place..).zip(&self.commit.events)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_change_a_fingerprint() {
        let one: Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();

        assert_eq!(Fingerprint::of("do", &one), Fingerprint::of("do", &two));
        assert_ne!(Fingerprint::of("do", &one), Fingerprint::of("undo", &one));
        assert_ne!(Fingerprint::of("do", &one), Fingerprint::of("do", &json!({})));
    }
}
