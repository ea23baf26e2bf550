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
    /// Held while the file changes and `recent` after it: the two never differ for the next change.
    changing: Mutex<()>,
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
        let inner = Inner { path, writer, readers, recent: RwLock::default(), changing: Mutex::default() };
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
        let _changed = self.inner.changing.lock().await;
        self.inner.readers.close().await;
        self.inner.writer.close().await;
    }

    /// Does `work` in one transaction, and what it says to memory once that is committed. In a task of its own, so
    /// that both happen also if the caller is dropped meanwhile.
    async fn change<W>(&self, work: W) -> Result<(), ViewError>
    where
        W: FnOnce(&Transaction<'_>, &Recent) -> Result<Update, WriteError> + Send + 'static,
    {
        let inner = self.inner.clone();
        let changed = tokio::spawn(async move {
            let _changing = inner.changing.lock().await;
            let shared = inner.clone();
            let update = inner.writer.write(move |transaction| work(transaction, &shared.recent())).await?;
            inner.recent.write().unwrap_or_else(PoisonError::into_inner).update(update);
            Ok::<_, WriteError>(())
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
    fn recent(&self) -> RwLockReadGuard<'_, Recent> {
        self.recent.read().unwrap_or_else(PoisonError::into_inner)
    }
}
