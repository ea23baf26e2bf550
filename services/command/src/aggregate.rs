//! One aggregate as the service keeps it between commands.

use std::collections::VecDeque;

use annals_core::{
    Category, Commit, Decided, Fingerprint, Position, State, StoredCommit, Version,
    bus::{CommandRequest, Failure},
};
use jiff::{Timestamp, Unit};
use uuid::Uuid;

use crate::hash::Hash;

/// The state, where it stands, and which commands led to it.
pub(crate) struct Aggregate {
    pub state: State,
    pub version: Version,
    /// Of the last commit; 0 if there is none.
    pub position: Position,
    pub(crate) hash: Option<Hash>,
    pub(crate) recorded_at: Timestamp,
    pub(crate) recent: VecDeque<Recent>,
    /// Commits folded since the last snapshot.
    pub unsaved: u32,
    /// Folded by the way, in a pass over the log that may not have come to the stream's end yet.
    pub tentative: bool,
    size: Size,
}

/// A command that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recent {
    pub id: Uuid,
    pub position: Position,
}

/// An estimate of what the state takes. Measuring takes as long as the state is large, so that it is done
/// again only when it may have doubled: a state holds what events told it.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    measured: usize,
    told: usize,
}

/// So many commands of an aggregate are remembered, so that their repeats are known.
const REMEMBERED: usize = 1000;

impl Aggregate {
    /// One to which nothing has happened.
    pub(crate) fn blank(category: &Category) -> Self {
        Self::at_rest(category.blank(), 0, 0)
    }

    /// A state that was folded elsewhere, up to there.
    pub(crate) fn at_rest(state: State, version: Version, position: Position) -> Self {
        Self {
            state,
            version,
            position,
            hash: None,
            recorded_at: Timestamp::UNIX_EPOCH,
            recent: VecDeque::new(),
            unsaved: 0,
            tentative: false,
            size: Size::default(),
        }
    }

    /// Takes note of the stream's next commit.
    pub(crate) fn fold(mut self, category: &Category, stored: &StoredCommit) -> Result<Self, Failure> {
        if !self.precedes(stored) {
            let detail = format!(
                "{} is broken at position {}: version {} with its hash does not follow version {}",
                stored.commit.stream,
                stored.position,
                first(&stored.commit),
                self.version
            );
            return Err(Failure::EventQuarantined { detail });
        }
        let unreadable =
            |error: annals_core::Unreadable| Failure::EventQuarantined { detail: error.to_string() };
        self.state = category.fold(self.state, stored).map_err(unreadable)?;
        self.size.told += stored.commit.events.iter().map(|event| event.data.get().len()).sum::<usize>();
        if self.size.told > self.size.measured {
            self.measure(category);
        }
        self.version = stored.commit.version();
        self.position = stored.position;
        self.hash = Some(Hash::of(stored));
        self.recorded_at = stored.commit.recorded_at;
        self.unsaved += 1;
        self.remember(Recent { id: stored.commit.id, position: stored.position });
        Ok(self)
    }

    /// Finds out how large the state is.
    pub(crate) fn measure(&mut self, category: &Category) {
        self.size = Size { measured: category.size(&self.state), told: 0 };
    }

    /// Whether the commit is the next one of the stream.
    pub(crate) fn precedes(&self, stored: &StoredCommit) -> bool {
        let named = stored.commit.previous_hash.as_deref();
        first(&stored.commit) == self.version + 1
            && named == self.hash.map(|hash| hash.to_string()).as_deref()
    }

    /// Whether that is its last commit.
    pub(crate) fn ends_with(&self, stored: &StoredCommit) -> bool {
        self.position == stored.position && self.hash == Some(Hash::of(stored))
    }

    /// Grows by a quarter: most aggregates have few commits, and there are many aggregates.
    fn remember(&mut self, recent: Recent) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        } else if self.recent.len() == self.recent.capacity() {
            self.recent.reserve_exact(1 + self.recent.len() / 4);
        }
        self.recent.push_back(recent);
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let Size { measured, told } = self.size;
        size_of::<Self>() + measured + told + self.recent.capacity() * size_of::<Recent>()
    }

    /// The command of that id, if it is among those remembered.
    pub(crate) fn recall(&self, id: Uuid) -> Option<&Recent> {
        self.recent.iter().rev().find(|recent| recent.id == id)
    }

    /// How many commits came after the one at that position, if it is among those remembered.
    pub(crate) fn since(&self, position: Position) -> Option<u32> {
        let after = self.recent.iter().rev().position(|recent| recent.position == position)?;
        u32::try_from(after).ok()
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
            previous_hash: self.hash.map(|hash| hash.to_string()),
            events: Commit::place(request.id, self.version, decided),
        }
    }
}

/// The version of a commit's first event.
pub(crate) fn first(commit: &Commit) -> Version {
    commit.events.first().map_or(0, |event| event.version)
}
