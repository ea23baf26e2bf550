//! A log in memory: commands go in, commits come out.

use annals_core::{Catalog, Commit, Context, Fingerprint, StoredCommit, StreamId};
use jiff::Timestamp;
use serde_json::{Map, Value};
use uuid::Uuid;

pub struct History {
    pub catalog: Catalog,
    pub commits: Vec<StoredCommit>,
}

impl History {
    pub fn new() -> Self {
        Self { catalog: annals_domains::catalog(), commits: Vec::new() }
    }

    /// Carries out a command that is not refused, and hands back its commit. The commit at position p
    /// was recorded p seconds after 09:30.
    pub fn accept(&mut self, stream: &StreamId, command: &str, data: &Value) -> StoredCommit {
        let category = self.catalog.category(&stream.category).unwrap();
        let earlier: Vec<_> = self.commits.iter().filter(|it| it.commit.stream == *stream).collect();
        let version = earlier.last().map_or(0, |it| it.commit.version());
        let state =
            earlier.iter().try_fold(category.blank(), |state, stored| category.fold(state, stored)).unwrap();
        let decided = category.decide(stream.id, &state, command, data).unwrap();

        let position = self.commits.len() as u64 + 1;
        let id = Uuid::from_u128(position.into());
        let commit = Commit {
            id,
            stream: stream.clone(),
            recorded_at: format!("2026-11-21T09:30:{position:02}Z").parse::<Timestamp>().unwrap(),
            context: Context {
                correlation_id: id,
                causation_id: id,
                actor: "anonymous".into(),
                metadata: Map::new(),
                trace: None,
            },
            fingerprint: Fingerprint::of(command, data),
            previous_hash: earlier.last().map(|it| it.hash.clone()),
            events: Commit::place(id, version, decided),
        };
        let stored = StoredCommit::decode(position, &commit.encode().unwrap()).unwrap();
        self.commits.push(stored.clone());
        stored
    }
}

pub fn account(number: u128) -> StreamId {
    StreamId::new("account", Uuid::from_u128(number))
}
