//! How far the index is.

use annals_core::log::{Checkpoint, Hash, Head};
use rusqlite::{Transaction, params};
use uuid::{Uuid, fmt::Hyphenated};

use super::EventsIndex;
use crate::{ViewError, WriteError};

impl EventsIndex {
    /// How far it is. What is read afterwards is at least that new.
    pub async fn checkpoint(&self) -> Result<Checkpoint, ViewError> {
        let checkpoint = sqlx::query_as("select position, head_position, head_hash from _checkpoint");
        let (position, at, hash): (i64, i64, Vec<u8>) = checkpoint.fetch_one(&self.inner.readers).await?;
        Ok(Checkpoint { position: position.cast_unsigned(), head: head(at, hash)? })
    }

    /// The log that it is of.
    pub async fn log_id(&self) -> Result<Uuid, ViewError> {
        let id = sqlx::query_scalar("select log_id from _checkpoint").fetch_one(&self.inner.readers);
        let id: Hyphenated = id.await?;
        Ok(id.into())
    }

    /// Notes that the index has been at the end of the log.
    pub async fn mark_reached_end(&self) -> Result<(), ViewError> {
        let marked = self.inner.writer.write(|transaction| {
            Ok::<_, WriteError>(transaction.execute("update _checkpoint set reached_end = 1", [])?)
        });
        marked.await?;
        Ok(())
    }

    /// Whether the index has been at the end of the log since it was built. Before, it answers from what it has.
    pub async fn has_reached_end(&self) -> Result<bool, ViewError> {
        let reached = sqlx::query_scalar("select reached_end from _checkpoint");
        Ok(reached.fetch_one(&self.inner.readers).await?)
    }
}

/// Moves the checkpoint.
pub(super) fn move_to(transaction: &Transaction<'_>, checkpoint: Checkpoint) -> rusqlite::Result<()> {
    let Checkpoint { position, head } = checkpoint;
    let mut moved = transaction
        .prepare_cached("update _checkpoint set position = ?, head_position = ?, head_hash = ?")?;
    moved.execute(params![position.cast_signed(), head.position.cast_signed(), head.hash.as_bytes()])?;
    Ok(())
}

fn head(position: i64, hash: Vec<u8>) -> Result<Head, ViewError> {
    let hash = hash.try_into().map_err(|_| ViewError::Damaged("a hash does not have 32 bytes"))?;
    Ok(Head { position: position.cast_unsigned(), hash: Hash::from_bytes(hash) })
}

/// As SQLite compares it. What clients send may be larger than any number there.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
