//! An entry: the commits that were written together, as one message of the log.
//!
//! Its body is a JSON array of `CloudEvents` 1.0 in the batch format
//! (`application/cloudevents-batch+json`), so other languages read the log with their own SDK.

use thiserror::Error;

use super::{Commit, Hash, StoredCommit, event::CloudEvent};
use crate::{Place, Position};

/// The commits of one entry, with its place in the chain.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its place in the log.
    pub position: Position,
    /// What the next entry names as the hash before it.
    pub hash: Hash,
    /// In the order in which they happened. An entry may be empty: it proves that its writer knows the end.
    pub commits: Vec<StoredCommit>,
    /// The size of the body as stored.
    pub bytes: usize,
}

/// An entry that is being filled.
#[derive(Debug, Clone)]
pub struct EntryBody {
    bytes: Vec<u8>,
    commits: usize,
    events: u32,
}

/// Why commits cannot be added to an entry, or an entry cannot be read.
#[derive(Debug, Clone, Error)]
pub enum EntryError {
    /// The events of one command take more than [`EntryBody::MAX_COMMAND_BYTES`].
    #[error(
        "the events take {bytes} bytes, and those of one command may take {}",
        EntryBody::MAX_COMMAND_BYTES
    )]
    TooLarge {
        /// The encoded size.
        bytes: usize,
    },
    /// The body of the entry at this position does not decode.
    #[error("the entry at position {position} cannot be read: {reason}")]
    Malformed {
        /// Where it stands.
        position: Position,
        /// What is wrong.
        reason: String,
    },
}

impl Entry {
    /// The format that this release writes, and the only one that it reads.
    pub const FORMAT: &'static str = "1";

    /// What the log is told about the encoding.
    pub const CONTENT_TYPE: &'static str = "application/cloudevents-batch+json";

    /// The largest body that readers accept. The rest of the server's 1 MiB is left to headers.
    pub const MAX_BYTES: usize = 768 * 1024;

    /// Reads the body of the entry that has this place in the chain.
    ///
    /// # Errors
    /// When it is not an array of our events.
    pub fn decode(position: Position, hash: Hash, body: &[u8]) -> Result<Self, EntryError> {
        let malformed = |reason: String| EntryError::Malformed { position, reason };
        let events: Vec<CloudEvent<'_>> =
            serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?;
        let mut commits: Vec<StoredCommit> = Vec::new();
        let mut before: Option<CloudEvent<'_>> = None;
        for (place, event) in (0..).zip(events) {
            let continues = before.as_ref().is_some_and(|before| event.continues(before));
            push(&mut commits, before.take());
            match commits.last().filter(|_| continues) {
                Some(last) if event.version != last.commit.version() + 1 => {
                    return Err(malformed(format!("{}: versions are not contiguous", last.commit.stream)));
                }
                Some(_) => {}
                None => {
                    let commit = event.begin().map_err(malformed)?;
                    commits.push(StoredCommit { position, place, commit });
                }
            }
            before = Some(event);
        }
        push(&mut commits, before);
        Ok(Self { position, hash, commits, bytes: body.len() })
    }
}

fn push(commits: &mut [StoredCommit], event: Option<CloudEvent<'_>>) {
    if let (Some(last), Some(event)) = (commits.last_mut(), event) {
        last.commit.events.push(event.into_record());
    }
}

impl EntryBody {
    /// An entry with so many commits is closed.
    pub const MAX_COMMITS: usize = 256;

    /// An entry of so many bytes is closed, unless one command alone takes more.
    pub const CLOSE_BYTES: usize = 256 * 1024;

    /// The most that the events of one command may take.
    pub const MAX_COMMAND_BYTES: usize = 512 * 1024;

    /// An entry without commits.
    #[must_use]
    pub fn new() -> Self {
        Self { bytes: vec![b'['], commits: 0, events: 0 }
    }

    /// Adds the commits of one command, if they fit; the places of their first events.
    ///
    /// # Errors
    /// When they are too large for any entry.
    pub fn push(&mut self, commits: &[Commit]) -> Result<Option<Vec<Place>>, EntryError> {
        let (start, events) = (self.bytes.len(), self.events);
        let mut places = Vec::with_capacity(commits.len());
        for commit in commits {
            places.push(self.events);
            for event in &commit.events {
                if self.bytes.len() > 1 {
                    self.bytes.push(b',');
                }
                serde_json::to_writer(&mut self.bytes, &CloudEvent::new(commit, event))
                    .expect("strings, numbers and JSON encode as JSON");
                self.events += 1;
            }
        }
        let bytes = self.bytes.len() - start;
        let fits = self.commits == 0
            || (self.bytes.len() < Self::CLOSE_BYTES && self.commits + commits.len() <= Self::MAX_COMMITS);
        if bytes > Self::MAX_COMMAND_BYTES || !fits {
            self.bytes.truncate(start);
            self.events = events;
        }
        if bytes > Self::MAX_COMMAND_BYTES {
            return Err(EntryError::TooLarge { bytes });
        }
        if !fits {
            return Ok(None);
        }
        self.commits += commits.len();
        Ok(Some(places))
    }

    /// How many commits are in it.
    #[must_use]
    pub fn commits(&self) -> usize {
        self.commits
    }

    /// How many events are in it.
    #[must_use]
    pub fn events(&self) -> u32 {
        self.events
    }

    /// Whether nothing more should be added.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.commits >= Self::MAX_COMMITS || self.bytes.len() >= Self::CLOSE_BYTES
    }

    /// The bytes to store.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b']');
        self.bytes
    }
}

impl Default for EntryBody {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
#[path = "entry_tests.rs"]
mod tests;
