//! Commits to append.

use annals_core::{Commit, Context, Decided, Fingerprint, StreamId};
use jiff::Timestamp;
use serde_json::{Map, Value, json, value::to_raw_value};
use uuid::Uuid;

/// A new stream.
pub fn stream(category: &str) -> StreamId {
    StreamId::new(category, Uuid::new_v4())
}

/// A commit of one event after a version of a stream.
pub fn commit(stream: &StreamId, after: u64) -> Commit {
    commit_of(stream, after, &[json!({ "after": after })])
}

/// A commit of one event for each of `data`.
pub fn commit_of(stream: &StreamId, after: u64, data: &[Value]) -> Commit {
    let id = Uuid::new_v4();
    let decided = data.iter().map(|data| Decided {
        kind: "Noted".into(),
        schema: 1,
        data: to_raw_value(data).unwrap(),
    });
    Commit {
        id,
        stream: stream.clone(),
        recorded_at: Timestamp::from_microsecond(1_795_253_400_123_456).unwrap(),
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: "suite".into(),
            metadata: Map::new(),
            trace: None,
        },
        fingerprint: Fingerprint::of("note", &json!({})),
        previous_hash: None,
        events: Commit::place(id, after, decided.collect()),
    }
}
