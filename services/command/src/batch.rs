//! The entry that is being filled, with all who wait for it.

use std::collections::HashMap;

use annals_core::{
    Fingerprint, Position, Version,
    log::{Commit, Draft, EntryBody, EntryError, Head, Place, StoredCommit},
};
use uuid::Uuid;

use crate::{
    aggregate::{Aggregate, Key},
    pending::{Asks, Pending, Verdict},
};

/// Decisions that hold once the entry is on disk: commits, and those that store nothing.
#[derive(Default)]
pub(crate) struct Batch {
    body: EntryBody,
    /// In order of arrival.
    pub decisions: Vec<(Pending, Decision)>,
    /// The overlay: states as they will be.
    pub states: HashMap<Key, Aggregate>,
    /// Commands with a commit in it.
    pub ids: HashMap<Uuid, (Place, Fingerprint)>,
    /// Repeats of commands that are in it: to be looked up again afterwards.
    pub repeats: Vec<Pending>,
    /// A commit did not fit any more.
    closed: bool,
    /// How many commits were in it when it was sent.
    pub commits_sent: usize,
}

/// What was decided.
pub(crate) enum Decision {
    Commit(Place, Commit),
    /// Nothing has to happen to an aggregate that stands there.
    Unchanged(Version, Standing),
    /// Nothing is stored.
    Nothing(Verdict),
}

/// Where an aggregate's last event is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Standing {
    At(Position),
    InTheEntryBefore,
    InThisEntry,
}

impl Batch {
    /// Adds a commit; the place of its first event. None: it belongs into the next entry.
    pub(crate) fn push(&mut self, commit: &Commit) -> Result<Option<Place>, EntryError> {
        let places = self.body.push(std::slice::from_ref(commit))?;
        self.closed |= places.is_none();
        Ok(places.map(|places| places[0]))
    }

    /// Whether it holds questions about stored commands only.
    pub(crate) fn asks_only(&self) -> bool {
        self.decisions.iter().all(|(pending, _)| matches!(pending.asks, Asks::Find(..)))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.decisions.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.closed || self.body.is_full()
    }

    pub(crate) fn commits(&self) -> usize {
        self.body.commits()
    }

    /// The entry that is to be stored after `previous`.
    pub(crate) fn draft(&mut self, previous: Head) -> Draft {
        self.commits_sent = self.body.commits();
        Draft::new(Uuid::new_v4(), previous, std::mem::take(&mut self.body))
    }

    /// Answers everybody: the entry is at `position`, or proved to be unnecessary there; the one before it was at
    /// `before`.
    pub(crate) fn answer(decisions: Vec<(Pending, Decision)>, position: Position, before: Position) {
        for (pending, decision) in decisions {
            pending.answer(match decision {
                Decision::Commit(place, commit) => Verdict::Stored(StoredCommit { position, place, commit }),
                Decision::Unchanged(version, standing) => {
                    let position = match standing {
                        Standing::At(position) => position,
                        Standing::InTheEntryBefore => before,
                        Standing::InThisEntry => position,
                    };
                    Verdict::Unchanged { version, position }
                }
                Decision::Nothing(verdict) => verdict,
            });
        }
    }

    /// Everybody in it, in order of arrival.
    pub(crate) fn into_pending(self) -> impl Iterator<Item = Pending> {
        self.decisions.into_iter().map(|(pending, _)| pending).chain(self.repeats)
    }
}
