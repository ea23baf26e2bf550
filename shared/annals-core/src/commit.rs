//! The envelope: what one command did to one aggregate, as one message of the log.
//!
//! A commit is a JSON array of `CloudEvents` 1.0 in the batch format
//! (`application/cloudevents-batch+json`), so other languages read the log with their own SDK.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use sha2::{Digest, Sha256};
use thiserror::Error;
use uuid::Uuid;

use crate::{Context, Position, StreamId, TraceParent, Version, recorded::micros};

/// The 1..N events of one command on one aggregate.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The command's id; also the message id in the log, so that a commit is stored once.
    pub id: Uuid,
    /// The aggregate's stream.
    pub stream: StreamId,
    /// The command service's clock, in microseconds; never earlier than the stream's previous commit.
    pub recorded_at: Timestamp,
    /// Where the command came from.
    pub context: Context,
    /// Tells whether a repeated id belongs to the same command.
    pub fingerprint: Fingerprint,
    /// SHA-256 of the stored bytes of the aggregate's previous commit, in hex.
    pub previous_hash: Option<String>,
    /// What happened, oldest first; versions without gaps.
    pub events: Vec<EventRecord>,
}

/// One event in its commit.
#[derive(Debug, Clone)]
pub struct EventRecord {
    /// Derived from the commit's id and the version.
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
    /// Its place in the log.
    pub position: Position,
    /// SHA-256 of its bytes as stored, in hex: what the next commit names as `previous_hash`.
    pub hash: String,
    /// What it says.
    pub commit: Commit,
}

/// SHA-256 over the name and the data of a command, in hex. Key order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// Why a commit cannot be written or read.
#[derive(Debug, Clone, Error)]
pub enum CommitError {
    /// A commit says that something happened.
    #[error("a commit holds at least one event")]
    Empty,
    /// Larger than [`Commit::MAX_BYTES`].
    #[error("the events take {bytes} bytes, and a commit holds at most {}", Commit::MAX_BYTES)]
    TooLarge {
        /// The encoded size.
        bytes: usize,
    },
    /// The bytes at this position are not a commit.
    #[error("position {position} does not hold a commit: {reason}")]
    Malformed {
        /// Where it stands.
        position: Position,
        /// What is wrong.
        reason: String,
    },
}

impl Fingerprint {
    /// The fingerprint of a command.
    #[must_use]
    pub fn of(command: &str, data: &Value) -> Self {
        Self(sha256(format!("{command}\n{data}").as_bytes()))
    }
}

impl Commit {
    /// The largest encoded commit. The rest of the server's 1 MiB is left to headers.
    pub const MAX_BYTES: usize = 768 * 1024;

    /// What the log is told about the encoding.
    pub const CONTENT_TYPE: &'static str = "application/cloudevents-batch+json";

    /// Gives what was decided its place: after version `after` of the stream.
    #[must_use]
    pub fn place(id: Uuid, after: Version, decided: Vec<Decided>) -> Vec<EventRecord> {
        (after + 1..)
            .zip(decided)
            .map(|(version, event)| EventRecord {
                id: Uuid::new_v5(&id, version.to_string().as_bytes()),
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

    /// The bytes to store.
    ///
    /// # Errors
    /// When there is nothing in it, or too much.
    pub fn encode(&self) -> Result<Vec<u8>, CommitError> {
        if self.events.is_empty() {
            return Err(CommitError::Empty);
        }
        let events: Vec<_> = self.events.iter().map(|event| CloudEvent::new(self, event)).collect();
        let bytes = serde_json::to_vec(&events).expect("strings, numbers and JSON encode as JSON");
        match bytes.len() {
            0..=Self::MAX_BYTES => Ok(bytes),
            bytes => Err(CommitError::TooLarge { bytes }),
        }
    }
}

impl StoredCommit {
    /// A commit that has just been stored at `position`, as the bytes that it encodes to.
    #[must_use]
    pub fn now(position: Position, bytes: &[u8], commit: Commit) -> Self {
        Self { position, hash: sha256(bytes), commit }
    }

    /// Reads the bytes stored at `position`.
    ///
    /// # Errors
    /// When they are not a commit.
    pub fn decode(position: Position, bytes: &[u8]) -> Result<Self, CommitError> {
        let malformed =
            |reason: &dyn ToString| CommitError::Malformed { position, reason: reason.to_string() };
        let events: Vec<CloudEvent<'_>> = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
        let first = events.first().ok_or_else(|| malformed(&CommitError::Empty))?;
        let stream = first.stream().ok_or_else(|| malformed(&format!("source `{}`", first.source)))?;
        let metadata = serde_json::from_str(&first.metadata).map_err(|error| malformed(&error))?;
        let commit = Commit {
            id: first.commandid,
            stream,
            recorded_at: first.time,
            context: Context {
                correlation_id: first.correlationid,
                causation_id: first.causationid,
                actor: first.actor.as_ref().into(),
                metadata,
                trace: first.traceparent,
            },
            fingerprint: Fingerprint(first.fingerprint.as_ref().into()),
            previous_hash: first.previoushash.as_deref().map(Into::into),
            events: events.into_iter().map(CloudEvent::into_record).collect(),
        };
        let gapless = commit.events.windows(2).all(|pair| pair[1].version == pair[0].version + 1);
        if !gapless {
            return Err(malformed(&"versions are not contiguous"));
        }
        Ok(Self { position, hash: sha256(bytes), commit })
    }
}

/// A `CloudEvents` 1.0 event: required attributes, then ours (extension names are lower-case letters).
/// It borrows what it can: of what a commit's events say of the commit only the first is kept.
#[derive(Serialize, Deserialize)]
struct CloudEvent<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    id: Uuid,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    subject: Uuid,
    #[serde(with = "micros")]
    time: Timestamp,
    #[serde(borrow)]
    datacontenttype: Cow<'a, str>,
    version: Version,
    schema: u32,
    commandid: Uuid,
    correlationid: Uuid,
    causationid: Uuid,
    #[serde(borrow)]
    actor: Cow<'a, str>,
    /// Attributes are scalars, so this is JSON as text.
    #[serde(borrow)]
    metadata: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<TraceParent>,
    #[serde(borrow)]
    fingerprint: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    previoushash: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
}

const SOURCE: &str = "/v1/streams/";

impl<'a> CloudEvent<'a> {
    fn new(commit: &'a Commit, event: &'a EventRecord) -> Self {
        Self {
            specversion: "1.0".into(),
            id: event.id,
            source: format!("{SOURCE}{}", commit.stream).into(),
            r#type: event.kind.as_str().into(),
            subject: commit.stream.id,
            time: commit.recorded_at,
            datacontenttype: "application/json".into(),
            version: event.version,
            schema: event.schema,
            commandid: commit.id,
            correlationid: commit.context.correlation_id,
            causationid: commit.context.causation_id,
            actor: commit.context.actor.as_str().into(),
            metadata: json_text(&commit.context.metadata).into(),
            traceparent: commit.context.trace,
            fingerprint: commit.fingerprint.0.as_str().into(),
            previoushash: commit.previous_hash.as_deref().map(Into::into),
            data: &event.data,
        }
    }

    fn stream(&self) -> Option<StreamId> {
        let (category, id) = self.source.strip_prefix(SOURCE)?.split_once('/')?;
        Some(StreamId::new(category, id.parse().ok()?))
    }

    fn into_record(self) -> EventRecord {
        EventRecord {
            id: self.id,
            kind: self.r#type.into_owned(),
            version: self.version,
            schema: self.schema,
            data: self.data.to_owned(),
        }
    }
}

fn json_text(metadata: &Map<String, Value>) -> String {
    serde_json::to_string(metadata).expect("JSON encodes as JSON")
}

fn sha256(bytes: &[u8]) -> String {
    // Each commit is hashed whenever it is read, and `hex::encode` takes longer over the digits than that.
    let mut text = vec![0; 64];
    hex::encode_to_slice(Sha256::digest(bytes), &mut text).expect("32 bytes are 64 digits");
    String::from_utf8(text).expect("digits are ASCII")
}

#[cfg(test)]
#[path = "commit_tests.rs"]
mod tests;
