//! Where every event stands: the built-in view by which streams, filters, ids and times are looked up.
//!
//! One row per event and no bodies: an answer is a list of addresses, and the log has what stands there. Insert
//! costs must not grow with the log, and random keys make them grow, so nothing is indexed by stream: an event's row
//! names the address of the one before it in its stream ([`schema`]), and a stream's last address is kept in
//! memory until it is written with many others ([`recent`]). What that costs is in
//! `docs/decisions/0011-what-the-index-and-the-state-store-cost.md`.

mod apply;
mod checkpoint;
mod events;
mod recent;
mod schema;
mod streams;

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard},
};

use annals_core::{
    Order, Projection, Shows,
    log::{Checkpoint, Entry},
};
use rusqlite::Transaction;
use sqlx::SqlitePool;
use tokio::sync::Mutex;
use uuid::Uuid;

pub use events::EventsFilter;
pub use streams::{StreamPage, StreamRow, StreamsPage};

use self::recent::{Recent, Update};
use crate::{
    Directory, ViewError, WriteError,
    file::{self, Identity, Maker},
    writer::Writer,
};

/// Where an event stands: position and place in one number, as [`annals_core::address`] makes it.
pub type Address = u64;

/// The index as it stands in its file.
///
/// Open it once: the writer assumes to be the only one.
#[derive(Debug)]
pub struct EventsIndex {
    identity: Identity,
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    writer: Writer,
    readers: SqlitePool,
    recent: RwLock<Recent>,
    /// Held while the file changes and `recent` after it. Whether `recent` is what the file says: after an error it is
    /// open what was committed.
    in_step: Mutex<bool>,
}

impl EventsIndex {
    /// Its name among the views, for [`Directory::tidy`] and [`Directory::discard`]. It shows no rows.
    #[must_use]
    pub fn projection() -> Projection {
        Projection {
            view: "events",
            version: 1,
            tables: schema::TABLES,
            shows: Shows {
                table: "events",
                columns: &[],
                key: &[],
                order: Order::Ascending(&[]),
                filters: &[],
            },
            reads: Vec::new(),
        }
    }

    /// Opens the file `events@1.db`, and creates it for the log of this id if it is missing. A file that is no sound
    /// database, or whose tables were made by other SQL, is thrown away with a warning.
    pub async fn open(directory: &Directory, log_id: Uuid) -> Result<Self, ViewError> {
        let path = directory.file(&Self::projection());
        let maker = Maker { query: schema::MAKER, sql: schema::TABLES };
        let usable = file::is_usable(&path, maker).await?;
        if !usable {
            file::remove(&path)?;
        }
        // A power cut may take the last commits, rows and checkpoint together: the log has them.
        let writer = Writer::open(&path).await?;
        let readers = file::readers(&path);
        let inner = Inner { path, writer, readers, recent: RwLock::default(), in_step: Mutex::new(true) };
        let mut index = Self { identity: Identity::default(), inner: Arc::new(inner) };
        if !usable {
            index.change(move |transaction, _| build(transaction, log_id)).await?;
        }
        index.change(|transaction, _| load(transaction)).await?;
        index.checkpoint().await?; // read once, so that all that SQLite keeps beside the file is there
        index.identity = file::identity(&index.inner.path)?;
        Ok(index)
    }

    /// Adds the events of these entries, and moves the checkpoint, all in one transaction or not at all. Applying an
    /// entry again changes nothing.
    pub async fn apply(&self, entries: Arc<[Arc<Entry>]>, checkpoint: Checkpoint) -> Result<(), ViewError> {
        self.verify_identity()?;
        self.change(move |transaction, recent| apply::apply(transaction, recent, &entries, checkpoint)).await
    }

    /// Throws all rows away and begins at the start of the log of this id. Those who read meanwhile see all or
    /// nothing of it.
    pub async fn rebuild(&self, log_id: Uuid) -> Result<(), ViewError> {
        self.verify_identity()?;
        self.change(move |transaction, _| build(transaction, log_id)).await
    }

    /// Fails unless the file is still the one that was opened: with [`ViewError::FileReplaced`].
    pub fn verify_identity(&self) -> Result<(), ViewError> {
        if file::identity(&self.inner.path)? == self.identity { Ok(()) } else { Err(ViewError::FileReplaced) }
    }

    /// Closes the file, once those who use it have finished.
    pub async fn close(&self) {
        let _changed = self.inner.in_step.lock().await;
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    /// Does `work` in one transaction, and what it says to memory once that is committed; after an error memory is
    /// loaded from the file. In a task of its own, so that both happen also if the caller is dropped meanwhile.
    async fn change<W>(&self, work: W) -> Result<(), ViewError>
    where
        W: FnOnce(&Transaction<'_>, &Recent) -> Result<Update, WriteError> + Send + 'static,
    {
        let inner = self.inner.clone();
        let changed = tokio::spawn(async move {
            let mut in_step = inner.in_step.lock().await;
            if !*in_step {
                inner.change(|transaction, _| recent::load(transaction)).await?;
            }
            let changed = inner.change(work).await;
            *in_step =
                changed.is_ok() || inner.change(|transaction, _| recent::load(transaction)).await.is_ok();
            changed
        });
        let lost = |error: tokio::task::JoinError| {
            if error.is_panic() { WriteError::Panicked } else { WriteError::Closed }
        };
        Ok(changed.await.map_err(lost)??)
    }
}

fn build(transaction: &Transaction<'_>, log_id: Uuid) -> Result<Update, WriteError> {
    schema::build(transaction, log_id)?;
    Ok(Update::default())
}

fn load(transaction: &Transaction<'_>) -> Result<Update, WriteError> {
    schema::enlarge_cache(transaction)?;
    recent::load(transaction)
}

impl Inner {
    async fn change<W>(self: &Arc<Self>, work: W) -> Result<(), WriteError>
    where
        W: FnOnce(&Transaction<'_>, &Recent) -> Result<Update, WriteError> + Send + 'static,
    {
        let inner = self.clone();
        let update = self.writer.write(move |transaction| work(transaction, &inner.recent())).await?;
        self.recent.write().unwrap_or_else(PoisonError::into_inner).update(update);
        Ok(())
    }

    fn recent(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use annals_core::{
        Commit, Context, Decided, Fingerprint, Position, StoredCommit, StreamId, address,
        log::{Hash, Head},
    };
    use jiff::Timestamp;
    use serde_json::{Map, json, value::to_raw_value};
    use tempfile::TempDir;

    use super::*;

    /// One event of an account, whose version is the position.
    fn entry(account: &StreamId, position: Position) -> Arc<Entry> {
        let id = Uuid::from_u128(u128::from(position) << 16);
        let data = to_raw_value(&json!({})).unwrap();
        let decided = vec![Decided { kind: "Opened".into(), schema: 1, data }];
        let commit = Commit {
            id,
            stream: account.clone(),
            recorded_at: Timestamp::UNIX_EPOCH,
            context: Context {
                correlation_id: id,
                causation_id: id,
                actor: "anonymous".into(),
                metadata: Map::new(),
                trace: None,
            },
            fingerprint: Fingerprint::of("open", &json!({})),
            events: Commit::number(id, position - 1, 0, decided),
        };
        let commits = vec![StoredCommit { position, place: 0, commit }];
        Arc::new(Entry { position, hash: Hash::from_bytes([7; 32]), commits, bytes: 0 })
    }

    fn checkpoint(position: Position) -> Checkpoint {
        Checkpoint { position, head: Head { position, hash: Hash::from_bytes([7; 32]) } }
    }

    #[tokio::test]
    async fn a_stream_is_whole_although_a_commit_that_was_done_gave_an_error() {
        let root = TempDir::new().unwrap();
        let directory = Directory::open(root.path().join("views")).unwrap();
        let index = EventsIndex::open(&directory, Uuid::nil()).await.unwrap();
        let account = StreamId::new("account", Uuid::from_u128(1));
        index.apply(Arc::from([entry(&account, 1)]), checkpoint(1)).await.unwrap();

        let second = entry(&account, 2);
        let changed = index.change(move |transaction, recent| {
            apply::apply(transaction, recent, &[second], checkpoint(2))?;
            transaction.execute_batch("commit")?;
            Err(WriteError::Panicked)
        });
        changed.await.unwrap_err();
        let events = [1, 2, 3].map(|position| (address(position, 0), position));
        let page = index.stream(&account, 0, None, 9).await.unwrap().unwrap();
        assert_eq!(page.events, events[..2]);

        index.apply(Arc::from([entry(&account, 3)]), checkpoint(3)).await.unwrap();
        let page = index.stream(&account, 0, None, 9).await.unwrap().unwrap();
        assert_eq!(page.events, events);
    }
}
