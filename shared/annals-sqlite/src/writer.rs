//! The one connection that writes a file.
//!
//! By rusqlite, on a thread that a transaction has for as long as it takes. sqlx, which reads, hands over each
//! statement by itself, and each result wakes whoever waits: that took a quarter of the time of a view that
//! catches up.

use std::{path::Path, sync::Arc};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::{sync::Mutex, task::spawn_blocking};

use crate::{WriteError, file::BUSY};

/// Writes a file.
#[derive(Debug)]
pub(crate) struct Writer(Arc<Mutex<Option<Connection>>>);

/// When what was committed is on disk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Durability {
    /// After a while: a power cut takes the last transactions, and leaves the file sound.
    Normal,
    /// Whenever the system likes: a power cut may damage the file.
    Off,
}

/// Pages that it keeps for itself, as SQLite wants it said: KiB, negated.
const CACHE: i64 = -1024;

/// Statements that it keeps compiled: those of a view are far fewer.
const STATEMENTS: usize = 64;

impl Writer {
    /// Creates the file, if it is missing.
    pub(crate) async fn open(path: &Path, durability: Durability) -> Result<Self, WriteError> {
        let path = path.to_owned();
        let connection = on_a_thread(move || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(BUSY)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            connection.pragma_update(None, "foreign_keys", false)?;
            connection.pragma_update(None, "cache_size", CACHE)?;
            connection.pragma_update(None, "journal_mode", "wal")?;
            connection.pragma_update(None, "synchronous", durability.pragma())?;
            Ok::<_, WriteError>(connection)
        });
        Ok(Self(Arc::new(Mutex::new(Some(connection.await?)))))
    }

    /// Does all of `work` in one transaction, or nothing of it. Once it has begun it is finished, also if nobody
    /// waits for it any more; what comes after it waits.
    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteError> + Send + 'static,
    {
        let mut connection = self.0.clone().lock_owned().await;
        on_a_thread(move || {
            let connection = connection.as_mut().ok_or(WriteError::Closed)?;
            let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
            let transaction = begun.map_err(WriteError::from)?;
            let done = work(&transaction)?;
            transaction.commit().map_err(WriteError::from)?;
            Ok(done)
        })
        .await
    }

    /// Closes the file, once the transaction has ended that is being done.
    pub(crate) async fn close(&self) {
        let connection = self.0.clone().lock_owned().await.take();
        let closed = on_a_thread(move || {
            drop(connection);
            Ok::<_, WriteError>(())
        });
        let _ = closed.await; // what is not committed is not there
    }
}

impl Durability {
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
    // One that has not begun is given up when the runtime ends.
    let lost = |error: tokio::task::JoinError| {
        if error.is_panic() { WriteError::Panicked } else { WriteError::Closed }
    };
    spawn_blocking(work).await.unwrap_or_else(|error| Err(lost(error).into()))
}
