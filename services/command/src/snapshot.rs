//! An aggregate outside of the process: as it was, so that it need not be folded again.

use annals_core::{Category, Position, StreamId};
use annals_sqlite::Snapshot;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    aggregate::{Aggregate, Recent},
    hash::Hash,
};

/// What the store keeps without understanding it.
#[derive(Serialize, Deserialize)]
struct Body {
    /// Of the last commit, in hex.
    hash: Option<String>,
    recorded_at: Timestamp,
    /// The commands that are remembered, oldest first.
    recent: Vec<(Uuid, Position)>,
    /// As the category encodes it.
    state: String,
}

impl Aggregate {
    /// As it is kept.
    pub(crate) fn encode(&self, category: &Category, stream: &StreamId) -> Snapshot {
        let body = Body {
            hash: self.hash.map(|hash| hash.to_string()),
            recorded_at: self.recorded_at,
            recent: self.recent.iter().map(|it| (it.id, it.position)).collect(),
            state: category.encode(&self.state),
        };
        Snapshot {
            stream: stream.clone(),
            revision: category.revision,
            version: self.version,
            position: self.position,
            body: serde_json::to_vec(&body).expect("ids, numbers and texts encode as JSON"),
        }
    }

    /// Reads what was kept. None: by another build.
    pub(crate) fn decode(category: &Category, snapshot: &Snapshot) -> Option<Self> {
        let body: Body = serde_json::from_slice(&snapshot.body).ok()?;
        let state = category.decode(&body.state)?;
        let recent = body.recent.into_iter().map(|(id, position)| Recent { id, position });
        let mut aggregate = Self::at_rest(state, snapshot.version, snapshot.position);
        aggregate.hash = body.hash.as_deref().map(|hex| Hash::parse(hex).ok_or(())).transpose().ok()?;
        aggregate.recorded_at = body.recorded_at;
        aggregate.recent = recent.collect();
        aggregate.measure(category);
        Some(aggregate)
    }
}
