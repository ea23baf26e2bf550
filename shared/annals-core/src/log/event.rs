//! An event as it is stored: a `CloudEvents` 1.0 event in JSON, as short as the log can be for ever.
//!
//! Extension attributes are lower-case letters, as the standard asks. What can be told from the rest is left out:
//!
//! | attribute | left out if |
//! |---|---|
//! | `schema` | 1 |
//! | `correlationid` | it is the command's id |
//! | `causationid` | it is the command's id |
//! | `actor` | `anonymous` |
//! | `metadata` | there is none |
//! | `datacontenttype` | always: JSON, as the standard says |

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;

use super::{Commit, EventRecord, Fingerprint};
use crate::{Context, StreamId, TraceParent, Version, recorded::micros};

/// Who gives commands as long as nothing else is said.
pub const ANONYMOUS: &str = "anonymous";

/// One element of an entry's array. It borrows what it can: of what a commit's events say of the commit only the
/// first is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct CloudEvent<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    id: Uuid,
    /// `{category}/{id}`: a relative URI, as the standard allows.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(with = "micros")]
    time: Timestamp,
    pub version: Version,
    #[serde(default = "first_schema", skip_serializing_if = "is_first_schema")]
    schema: u32,
    pub commandid: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlationid: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causationid: Option<Uuid>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    actor: Option<Cow<'a, str>>,
    /// Attributes are scalars, so this is JSON as text.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    metadata: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<TraceParent>,
    fingerprint: Fingerprint,
    #[serde(borrow)]
    data: &'a RawValue,
}

fn first_schema() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for it
fn is_first_schema(schema: &u32) -> bool {
    *schema == 1
}

impl<'a> CloudEvent<'a> {
    pub fn new(commit: &'a Commit, event: &'a EventRecord) -> Self {
        let context = &commit.context;
        let unless_the_command = |id: Uuid| (id != commit.id).then_some(id);
        Self {
            specversion: "1.0".into(),
            id: event.id,
            source: commit.stream.to_string().into(),
            r#type: event.kind.as_str().into(),
            time: commit.recorded_at,
            version: event.version,
            schema: event.schema,
            commandid: commit.id,
            correlationid: unless_the_command(context.correlation_id),
            causationid: unless_the_command(context.causation_id),
            actor: (context.actor != ANONYMOUS).then(|| context.actor.as_str().into()),
            metadata: (!context.metadata.is_empty()).then(|| json_text(&context.metadata).into()),
            traceparent: context.trace,
            fingerprint: commit.fingerprint,
            data: &event.data,
        }
    }

    /// Whether it belongs to the same commit as `other`.
    pub fn continues(&self, other: &Self) -> bool {
        self.commandid == other.commandid && self.source == other.source
    }

    /// The commit that begins with this event, still without events.
    pub fn begin(&self) -> Result<Commit, String> {
        let stream = self.stream().ok_or_else(|| format!("source `{}`", self.source))?;
        let metadata = self.metadata.as_deref().map(serde_json::from_str).transpose();
        Ok(Commit {
            id: self.commandid,
            stream,
            recorded_at: self.time,
            context: Context {
                correlation_id: self.correlationid.unwrap_or(self.commandid),
                causation_id: self.causationid.unwrap_or(self.commandid),
                actor: self.actor.as_deref().unwrap_or(ANONYMOUS).into(),
                metadata: metadata.map_err(|error| format!("metadata: {error}"))?.unwrap_or_default(),
                trace: self.traceparent,
            },
            fingerprint: self.fingerprint,
            events: Vec::with_capacity(1),
        })
    }

    pub fn into_record(self) -> EventRecord {
        EventRecord {
            id: self.id,
            kind: self.r#type.into_owned(),
            version: self.version,
            schema: self.schema,
            data: self.data.to_owned(),
        }
    }

    fn stream(&self) -> Option<StreamId> {
        let (category, id) = self.source.split_once('/')?;
        Some(StreamId::new(category, id.parse().ok()?))
    }
}

fn json_text(metadata: &Map<String, Value>) -> String {
    serde_json::to_string(metadata).expect("JSON encodes as JSON")
}
