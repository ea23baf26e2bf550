//! The command service's states and command ids in one file, so that a start need not read the whole log.
//!
//! The log gives it all again. A file that is behind the log does no harm, since a writer expects what it has folded.
//! Against one that is *wrong* nothing guards, so a file that may have lost a part of what was written is thrown away
//! ([`slot`]). No fsync: the disk is the log's, for which every command waits.

mod reader;
mod schema;
mod slot;
mod writer;

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use annals_core::{Fingerprint, Place, Position, StreamId, Version, log::Checkpoint};
use thiserror::Error;
use tracing::{info, warn};
use uuid::Uuid;

pub use reader::StateReader;
pub use writer::StateWriter;

use self::slot::Slot;
use crate::{Fault, fault, file};

/// Opens the store.
#[derive(Debug)]
pub struct StateStore;

/// The state of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredState {
    /// Of the last event that is in it.
    pub version: Version,
    /// Of the entry of that event.
    pub position: Position,
    /// JSON.
    pub state: String,
}

/// A command that stored something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredCommand {
    /// Of the entry of its events.
    pub position: Position,
    /// Of its first event in that entry.
    pub place: Place,
    /// Tells whether a repeated id belongs to the same command.
    pub fingerprint: Fingerprint,
}

/// What is written together.
#[derive(Debug, Clone)]
pub struct StateBatch {
    /// Aggregates that changed; of one that is there twice the last counts.
    pub aggregates: Vec<(StreamId, StoredState)>,
    /// Commands that stored something. One that is known stays as it is.
    pub commands: Vec<(Uuid, StoredCommand)>,
    /// How far the store is then.
    pub checkpoint: Checkpoint,
}

/// Why the store did not do what it was asked.
#[derive(Debug, Error)]
pub enum StateStoreError {
    /// Its directory could not be created, read or written.
    #[error("the state store's directory cannot be used: {0}")]
    Directory(#[from] io::Error),
    /// The database failed.
    #[error("the state store's database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database holds what was never written there.
    #[error("the state store is damaged: {0}")]
    Damaged(&'static str),
    /// A defect: the store was opened without this category.
    #[error("the state store was opened without the category `{0}`")]
    UnknownCategory(String),
}

impl StateStoreError {
    /// Whether the file is not sound. It is thrown away when the store is opened again; nothing else helps.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Database(error) => is_of_the_file(error),
            Self::Directory(_) | Self::UnknownCategory(_) => false,
        }
    }
}

impl StateStore {
    /// Takes a free directory (`0`, `1` ...) below this one, which is locked as long as the reader or the writer
    /// lives, and opens `states.db` in it. A file is thrown away with a warning if it is damaged or may be, of
    /// another log, of another build, or written by rules of other revisions.
    ///
    /// May wait half a second for a directory that a process of before is about to give up.
    pub fn open(
        directory: &Path,
        log_id: Uuid,
        revisions: &BTreeMap<String, u32>,
    ) -> Result<(StateReader, StateWriter), StateStoreError> {
        let slot = Arc::new(Slot::take(directory)?);
        let path = slot.database();
        if let Some(complaint) = complaint(&slot, log_id, revisions)? {
            warn!(file = %path.display(), complaint, "the states are thrown away and read anew from the log");
            file::remove(&path)?;
        }
        slot.begin()?;
        let writer = StateWriter::open(slot.clone(), log_id, revisions)?;
        let reader = StateReader::open(slot)?;
        info!(file = %path.display(), position = reader.head()?.position, "opened the states");
        Ok((reader, writer))
    }
}

/// Why the file cannot be used, if there is one.
fn complaint(
    slot: &Slot,
    log_id: Uuid,
    revisions: &BTreeMap<String, u32>,
) -> Result<Option<String>, StateStoreError> {
    if !slot.database().try_exists()? {
        return Ok(None);
    }
    if let Some(complaint) = slot.distrust()? {
        return Ok(Some(complaint));
    }
    match schema::complaint(&slot.database(), log_id, revisions) {
        Err(error) if is_of_the_file(&error) => Ok(Some(error.to_string())),
        complaint => Ok(complaint?),
    }
}

fn is_of_the_file(error: &rusqlite::Error) -> bool {
    fault::of_sqlite(error) == Fault::File
}
