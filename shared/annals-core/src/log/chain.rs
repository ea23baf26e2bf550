//! The chain: which messages belong to the log.
//!
//! Every entry names the head before it: position and hash. A reader that knows a head can tell the next entry from
//! everything else without reading its body, so garbage, copies and forgeries hold no reader up, and all of them
//! agree. `vectors/membership.json` holds the cases that readers in other languages share.

use std::{collections::VecDeque, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::{Entry, Hash, LogMessage};
use crate::Position;

/// The last entry that a reader knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its position; 0 before the first entry.
    pub position: Position,
    /// Its hash.
    pub hash: Hash,
}

/// How far a reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The last position read; beyond the head stand foreign messages only.
    pub position: Position,
    /// The last entry read.
    pub head: Head,
}

/// What a message is to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// The next entry. It is the head from now on.
    Entry(Head),
    /// Not of this log: skipped.
    Foreign(Foreign),
    /// Read before.
    Redelivered,
    /// The reader stops in front of a position, now and whenever it comes here again.
    Stop(Stop),
}

/// A message that does not belong to the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// Where it stands.
    pub position: Position,
    /// Its subject.
    pub subject: String,
    /// The size of its body.
    pub bytes: usize,
    /// Why it is not an entry.
    pub why: String,
}

/// Why a reader cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(tag = "stop", rename_all = "kebab-case")]
pub enum Stop {
    /// An entry of a later release.
    #[error("position {position} holds an entry of format `{format}`, which is newer than this release")]
    Newer {
        /// Where it stands.
        position: Position,
        /// The format that it names.
        format: String,
    },
    /// Damage, or two logs in one.
    #[error(
        "position {position} was skipped, but the message at {by} follows it as an entry: damage, or a fork"
    )]
    Fork {
        /// The message that was skipped.
        position: Position,
        /// The message that names it.
        by: Position,
    },
    /// Messages are missing.
    #[error("positions {from} to {to} are missing from the log")]
    Gap {
        /// The first that is missing.
        from: Position,
        /// The last that is missing.
        to: Position,
    },
}

/// Decides in order, from a head on, what belongs to the log.
#[derive(Debug, Clone)]
pub struct Chain {
    head: Head,
    /// The last position read.
    read: Position,
    /// The last position read on the chain's subject.
    last: Position,
    /// Messages skipped since the head that call themselves entries, with the hash that each names as its own.
    skipped: VecDeque<(Position, Hash)>,
}

/// The subject of the chain.
pub const SUBJECT: &str = "events.main";

/// Names of headers.
pub mod header {
    /// The format.
    pub const ENTRY: &str = "Annals-Entry";
    /// Position and hash of the entry before.
    pub const PREVIOUS: &str = "Annals-Previous";
    /// The entry's own hash.
    pub const HASH: &str = "Annals-Hash";
    /// How many commits it holds: a hint.
    pub const COMMITS: &str = "Annals-Commits";
    /// How many events it holds: a hint.
    pub const EVENTS: &str = "Annals-Events";
}

/// Skipped messages that are remembered since the head: memory stays bounded, and all readers forget alike.
const MAX_SKIPPED: usize = 4096;

impl Chain {
    /// Goes on from a head: the next message to read is the one after it.
    #[must_use]
    pub fn new(head: Head) -> Self {
        Self { head, read: head.position, last: head.position, skipped: VecDeque::new() }
    }

    /// The last entry read.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// How far it has read.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint { position: self.read, head: self.head }
    }

    /// The position of the last message on the chain's subject that was read, entry or not: what an append expects.
    #[must_use]
    pub fn expected(&self) -> Position {
        self.last
    }

    /// Takes note of an entry of one's own that has just been stored after the head.
    pub fn advance(&mut self, head: Head) {
        *self = Self::new(head);
    }

    /// Says what the next message is. After a stop the chain is as it was before.
    pub fn take(&mut self, message: &LogMessage) -> Membership {
        if message.position <= self.read {
            return Membership::Redelivered;
        }
        if message.position != self.read + 1 {
            return Membership::Stop(Stop::Gap { from: self.read + 1, to: message.position - 1 });
        }
        let why = match self.judge(message) {
            Ok(hash) => {
                self.advance(Head { position: message.position, hash });
                return Membership::Entry(self.head);
            }
            Err(NotNext::Stop(stop)) => return Membership::Stop(stop),
            Err(NotNext::Foreign(why)) => why,
        };
        self.read = message.position;
        if message.subject == SUBJECT {
            self.last = message.position;
        }
        self.remember(message);
        Membership::Foreign(Foreign {
            position: message.position,
            subject: message.subject.clone(),
            bytes: message.body.len(),
            why,
        })
    }

    fn judge(&self, message: &LogMessage) -> Result<Hash, NotNext> {
        let foreign = |why: &str| Err(NotNext::Foreign(why.into()));
        if message.subject != SUBJECT {
            return foreign("it is on another subject");
        }
        let Some(previous) = message.header(header::PREVIOUS) else {
            return foreign("it names no entry before it, or more than one");
        };
        let position = message.position;
        if let Some((skipped, _)) = self.skipped.iter().find(|it| previous == named(it.0, it.1)) {
            return Err(NotNext::Stop(Stop::Fork { position: *skipped, by: position }));
        }
        if previous != self.head.to_string() {
            return foreign("it does not follow the entry before it");
        }
        match message.header(header::ENTRY) {
            Some(Entry::FORMAT) => {}
            Some(format) => return Err(NotNext::Stop(Stop::Newer { position, format: format.into() })),
            None => return foreign("it names no format, or more than one"),
        }
        if message.body.len() > Entry::MAX_BYTES {
            return foreign("it is larger than an entry may be");
        }
        let hash = self.head.hash.after(&message.body);
        match message.header(header::HASH) {
            Some(named) if named == hash.to_string() => Ok(hash),
            Some(_) => foreign("its hash is not the hash of its body"),
            None => foreign("it names no hash, or more than one"),
        }
    }

    fn remember(&mut self, message: &LogMessage) {
        let hash = message.header(header::HASH).and_then(|hash| hash.parse().ok());
        if let Some(hash) = hash.filter(|_| message.subject == SUBJECT) {
            if self.skipped.len() == MAX_SKIPPED {
                self.skipped.pop_front();
            }
            self.skipped.push_back((message.position, hash));
        }
    }
}

enum NotNext {
    Foreign(String),
    Stop(Stop),
}

fn named(position: Position, hash: Hash) -> String {
    Head { position, hash }.to_string()
}

impl Head {
    /// What stands before the first entry of the log of this id, so that no other log's first entry fits.
    #[must_use]
    pub fn start(log_id: Uuid) -> Self {
        Self { position: 0, hash: Hash::of(format!("annals:{log_id}:main").as_bytes()) }
    }
}

impl Checkpoint {
    /// Nothing has been read of the log of this id.
    #[must_use]
    pub fn start(log_id: Uuid) -> Self {
        Self { position: 0, head: Head::start(log_id) }
    }
}

/// A text is not a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a head is a position and a hash")]
pub struct NotAHead;

impl FromStr for Head {
    type Err = NotAHead;

    fn from_str(text: &str) -> Result<Self, NotAHead> {
        let (position, hash) = text.split_once(' ').ok_or(NotAHead)?;
        let head = Self {
            position: position.parse().map_err(|_| NotAHead)?,
            hash: hash.parse().map_err(|_| NotAHead)?,
        };
        Some(head).filter(|head| head.to_string() == text).ok_or(NotAHead)
    }
}

/// As a header names it: `{position} {hash}`.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.position, self.hash)
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
