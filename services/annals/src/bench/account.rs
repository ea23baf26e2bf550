//! An account as the one who writes its commits knows it: as a command service does, without one.

use std::mem;

use annals_core::{Category, Commit, Fingerprint, Place, Position, State, StoredCommit, StreamId, Version};
use anyhow::anyhow;
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::workload::{CATEGORY, context};

/// What has to be known of an account to write its next commit.
pub(crate) struct Account {
    stream: StreamId,
    state: State,
    version: Version,
}

impl Account {
    /// Nothing has happened to it.
    pub(crate) fn blank(category: &Category, id: Uuid) -> Self {
        Self { stream: StreamId::new(CATEGORY, id), state: category.blank(), version: 0 }
    }

    /// The commit by which a command would follow. The rules make it, as they do for the service.
    ///
    /// # Errors
    /// When the rules say no.
    pub(crate) fn next(&self, category: &Category, command: &str, data: &Value) -> anyhow::Result<Commit> {
        let decided = category.decide(self.stream.id, &self.state, command, data);
        let decided = decided.map_err(|no| anyhow!("{command} is not carried out: {no:?}"))?;
        let id = Uuid::now_v7();
        Ok(Commit {
            id,
            stream: self.stream.clone(),
            recorded_at: Timestamp::now(),
            context: context(id),
            fingerprint: Fingerprint::of(command, data),
            events: Commit::number(id, self.version, 0, decided),
        })
    }

    /// Takes note of its next commit, which stands there.
    ///
    /// # Errors
    /// When that cannot be read.
    pub(crate) fn fold(
        &mut self,
        category: &Category,
        position: Position,
        place: Place,
        commit: Commit,
    ) -> anyhow::Result<()> {
        self.version = commit.version();
        let stored = StoredCommit { position, place, commit };
        self.state = category.fold(mem::replace(&mut self.state, category.blank()), &stored)?;
        Ok(())
    }
}
