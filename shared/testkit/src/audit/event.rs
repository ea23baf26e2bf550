//! An event, as anybody can read it who knows `CloudEvents`.

use std::fmt;

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;
use uuid::Uuid;

/// One event of an entry. What an audit does not look at is left out.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub specversion: String,
    pub id: Uuid,
    #[serde(rename = "source")]
    pub stream: Stream,
    pub r#type: String,
    /// Times of one format order as text.
    pub time: String,
    pub version: u64,
    pub commandid: Uuid,
    /// None if it is the command's id.
    correlationid: Option<Uuid>,
    pub data: Value,
}

/// The aggregate that something happened to: `{category}/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Stream {
    pub category: String,
    pub id: Uuid,
}

impl Event {
    pub(crate) fn correlation_id(&self) -> Uuid {
        self.correlationid.unwrap_or(self.commandid)
    }

    /// The id of the event that has so many others of its command before it.
    pub(crate) fn derived_id(&self, before: u16) -> Uuid {
        let mut bytes = *self.commandid.as_bytes();
        for (byte, place) in bytes[14..].iter_mut().zip((before + 1).to_be_bytes()) {
            *byte ^= place;
        }
        Uuid::from_bytes(bytes)
    }
}

/// Reads the events of an entry.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<Event>, String> {
    let events: Vec<Event> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    match events.iter().find(|event| event.specversion != "1.0") {
        Some(other) => Err(format!("an event of another specification: {other:?}")),
        None => Ok(events),
    }
}

impl<'de> Deserialize<'de> for Stream {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        let (category, id) = source.split_once('/').ok_or_else(|| D::Error::custom("no stream"))?;
        Ok(Self { category: category.to_owned(), id: id.parse().map_err(D::Error::custom)? })
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Vectors {
        written: Vec<Vector>,
        read: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        name: String,
        body: String,
        commits: Vec<Value>,
    }

    #[test]
    fn the_bodies_that_all_readers_share_are_read() {
        let vectors = include_str!("../../../annals-core/vectors/entry.json");
        let Vectors { written, read } = serde_json::from_str(vectors).unwrap();
        for Vector { name, body, commits } in written.into_iter().chain(read) {
            let mut events = parse(body.as_bytes()).unwrap().into_iter();
            for commit in commits {
                for expected in commit["events"].as_array().unwrap() {
                    let event = events.next().unwrap();
                    assert_eq!(expected["id"], event.id.to_string(), "{name}");
                    assert_eq!(expected["data"], event.data, "{name}");
                    assert_eq!(commit["recorded_at"], event.time, "{name}");
                    assert_eq!(commit["id"], event.commandid.to_string(), "{name}");
                    assert_eq!(commit["correlation_id"], event.correlation_id().to_string(), "{name}");
                    let stream = Stream {
                        category: commit["category"].as_str().unwrap().to_owned(),
                        id: commit["stream_id"].as_str().unwrap().parse().unwrap(),
                    };
                    assert_eq!(event.stream, stream, "{name}");
                }
            }
            assert!(events.next().is_none(), "{name}");
        }
    }
}
