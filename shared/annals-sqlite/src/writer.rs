//! The one connection that writes a file.
//!
//! By rusqlite, on a thread that a transaction has for as long as it takes. sqlx, which reads, hands over each
//! statement by itself, and each result wakes whoever waits: that took a quarter of the time of a view that
//! catches up.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::task::spawn_blocking;

use crate::WriteError;

/// Writes a file. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Writer(Arc<Mutex<Option<Connection>>>);

/// When what was committed is on disk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sync {
    /// After a while: a power cut takes the last transactions, and leaves the file sound.
    Normal,
    /// Whenever the system likes: a power cut may damage the file.
    Off,
}

/// The path is a path, whatever it begins with.
const FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_READ_WRITE
    .union(OpenFlags::SQLITE_OPEN_CREATE)
    .union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Pages that it keeps for itself, as SQLite wants it said: KiB, negated.
const CACHE: i64 = -1024;

/// How long it waits for another who has locked the file.
const BUSY: Duration = Duration::from_secs(5);

impl Writer {
    /// Creates the file, if it is missing.
    pub(crate) async fn open(path: &Path, sync: Sync) -> Result<Self, WriteError> {
        let path = path.to_owned();
        let connection = on_a_thread(move || {
            let connection = Connection::open_with_flags(path, FLAGS)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "foreign_keys", false)?;
            connection.pragma_update(None, "cache_size", CACHE)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", sync.pragma())?;
            Ok::<_, WriteError>(connection)
        });
        Ok(Self(Arc::new(Mutex::new(Some(connection.await?)))))
    }

    /// Does all of `work` in one transaction, or nothing of it. It is done also if nobody waits for it any more.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteError> + Send + 'static,
    {
        let connection = self.0.clone();
        on_a_thread(move || {
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = connection.as_mut().ok_or(WriteError::Closed)?;
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(WriteError::from)?;
            let done = work(&transaction)?;
            transaction.commit().map_err(WriteError::from)?;
            Ok(done)
        })
        .await
    }

    /// Closes the file, once the transaction has ended that is being done.
    pub(crate) async fn close(&self) {
        let connection = self.0.clone();
        let close = move || {
            drop(connection.lock().unwrap_or_else(PoisonError::into_inner).take());
            Ok::<_, WriteError>(())
        };
        let _ = on_a_thread(close).await; // what is not written is not committed, either
    }
}

impl Sync {
    fn pragma(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Off => "off",
        }
    }
}

async fn on_a_thread<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<WriteError> + Send + 'static,
{
    spawn_blocking(work).await.unwrap_or_else(|_| Err(WriteError::Panicked.into()))
}
