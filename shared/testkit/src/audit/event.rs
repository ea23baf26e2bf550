//! A commit, as anybody can read it who knows `CloudEvents`.

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// One event of a batch. What all events of a commit share is taken from the first one.
#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub specversion: String,
    pub id: Uuid,
    pub source: String,
    pub r#type: String,
    pub subject: Uuid,
    /// Times of one format order as text.
    pub time: String,
    pub version: u64,
    pub commandid: Uuid,
    pub correlationid: Uuid,
    pub previoushash: Option<String>,
    pub data: Value,
}

/// Reads the events of a commit, all of which have to be about the stream that `subject` names.
pub(crate) fn parse(subject: &str, bytes: &[u8]) -> Result<Vec<Event>, String> {
    let events: Vec<Event> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let first = events.first().ok_or("an empty batch")?;
    for event in &events {
        let stream = event.source.strip_prefix("/v1/streams/").unwrap_or_default();
        let belongs = format!("events.{}", stream.replace('/', ".")) == subject
            && stream.ends_with(&event.subject.to_string())
            && (event.commandid, &event.time) == (first.commandid, &first.time)
            && (event.correlationid, &event.previoushash) == (first.correlationid, &first.previoushash)
            && event.specversion == "1.0";
        if !belongs {
            return Err(format!("an event that does not belong there: {event:?}"));
        }
    }
    Ok(events)
}

/// In hex, as the next commit of the stream names it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        hex
    })
}
