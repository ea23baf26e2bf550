//! One aggregate as the writer keeps it.

use std::fmt;

use annals_core::{Category, Position, State, Version};
use uuid::Uuid;

/// Names an aggregate within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub category: &'static str,
    pub id: Uuid,
}

/// The state, and where it stands.
#[derive(Debug)]
pub(crate) struct Aggregate {
    /// Or why its events cannot be read by this release.
    pub state: Result<State, String>,
    pub version: Version,
    /// Of the entry with its last event; 0 if there is none.
    pub position: Position,
    pub(crate) size: Size,
}

/// An estimate of what the state takes. Measuring takes as long as the state is large, so that it is done again
/// only when it may have doubled: a state holds what events brought.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Size {
    measured: usize,
    since: usize,
}

impl Key {
    pub(crate) fn new(category: &'static str, id: Uuid) -> Self {
        Self { category, id }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.id)
    }
}

impl Aggregate {
    /// One to which nothing has happened.
    pub(crate) fn initial(category: &Category) -> Self {
        Self { state: Ok(category.blank()), version: 0, position: 0, size: Size::default() }
    }

    /// One that was kept as JSON.
    pub(crate) fn stored(
        state: Result<State, String>,
        json: usize,
        version: Version,
        position: Position,
    ) -> Self {
        Self { state, version, position, size: Size { measured: json, since: 0 } }
    }

    /// The same aggregate after events whose data take so many bytes.
    pub(crate) fn after(
        &self,
        category: &Category,
        state: Result<State, String>,
        version: Version,
        position: Position,
        bytes: usize,
    ) -> Self {
        let mut size = Size { since: self.size.since + bytes, ..self.size };
        if size.since > size.measured {
            size = Size { measured: state.as_ref().map_or(0, |state| category.size(state)), since: 0 };
        }
        Self { state, version, position, size }
    }

    /// About how many bytes it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.size.measured + self.size.since
    }
}
