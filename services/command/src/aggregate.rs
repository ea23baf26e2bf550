//! One aggregate as the service keeps it between commands.

use std::collections::VecDeque;

use annals_core::{
    Category, Commit, Decided, Fingerprint, Position, State, StoredCommit, StreamId, Version,
    bus::{CommandRequest, Failure},
};
use annals_nats::{Log, Scope};
use jiff::{Timestamp, Unit};
use uuid::Uuid;

use crate::execute::fault;

/// The state, where it stands, and which commands led to it.
pub(crate) struct Aggregate {
    pub state: State,
    pub version: Version,
    /// Of the last commit; 0 if there is none.
    pub position: Position,
    hash: Option<String>,
    recorded_at: Timestamp,
    recent: VecDeque<Recent>,
}

/// A command that was carried out.
pub(crate) struct Recent {
    pub id: Uuid,
    pub position: Position,
}

/// So many commands of an aggregate are remembered, so that their repeats are known.
const REMEMBERED: usize = 1000;

/// Commits that one read asks for.
const PAGE: usize = 500;

impl Aggregate {
    /// Folds the whole stream.
    pub(crate) async fn load(
        log: &impl Log,
        category: &Category,
        stream: &StreamId,
    ) -> Result<Self, Failure> {
        let mut aggregate = Self {
            state: category.blank(),
            version: 0,
            position: 0,
            hash: None,
            recorded_at: Timestamp::UNIX_EPOCH,
            recent: VecDeque::new(),
        };
        let scope = Scope::Stream(stream.clone());
        loop {
            let page = log.read(&scope, aggregate.position, PAGE).await.map_err(fault)?;
            for stored in &page.commits {
                aggregate = aggregate.fold(category, stored)?;
            }
            if !page.more {
                return Ok(aggregate);
            }
        }
    }

    /// Takes note of the stream's next commit.
    pub(crate) fn fold(mut self, category: &Category, stored: &StoredCommit) -> Result<Self, Failure> {
        let commit = &stored.commit;
        let first = commit.events.first().map_or(0, |event| event.version);
        if first != self.version + 1 || commit.previous_hash != self.hash {
            let detail = format!(
                "{} is broken at position {}: version {first} with its hash does not follow version {}",
                commit.stream, stored.position, self.version
            );
            return Err(Failure::EventQuarantined { detail });
        }
        let unreadable =
            |error: annals_core::Unreadable| Failure::EventQuarantined { detail: error.to_string() };
        self.state = category.fold(self.state, stored).map_err(unreadable)?;
        self.version = commit.version();
        self.position = stored.position;
        self.hash = Some(stored.hash.clone());
        self.recorded_at = commit.recorded_at;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent { id: commit.id, position: stored.position });
        Ok(self)
    }

    /// The command of that id, if it is among those remembered.
    pub(crate) fn recall(&self, id: Uuid) -> Option<&Recent> {
        self.recent.iter().rev().find(|recent| recent.id == id)
    }

    /// Whether commands given after a position may have been forgotten.
    pub(crate) fn forgot_since(&self, position: Position) -> bool {
        let oldest = self.recent.front().map_or(0, |recent| recent.position);
        self.recent.len() == REMEMBERED && oldest > position + 1
    }

    /// The commit by which the decided events would follow.
    pub(crate) fn next(
        &self,
        request: &CommandRequest,
        fingerprint: Fingerprint,
        decided: Vec<Decided>,
    ) -> Commit {
        let now = Timestamp::now().round(Unit::Microsecond).unwrap_or(self.recorded_at);
        Commit {
            id: request.id,
            stream: request.stream.clone(),
            recorded_at: now.max(self.recorded_at),
            context: request.context.clone(),
            fingerprint,
            previous_hash: self.hash.clone(),
            events: Commit::place(request.id, self.version, decided),
        }
    }
}
