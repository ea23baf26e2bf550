//! Writes.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use annals_core::{address, log::Checkpoint};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::{
    StateBatch, StateStoreError, StoredState,
    reader::{checksum, note_damage},
    schema::{self, categories},
    slot::Slot,
};

/// Writes the store, one batch after another.
#[derive(Debug)]
pub struct StateWriter {
    connection: Connection,
    categories: HashMap<String, i64>,
    log_id: Uuid,
    slot: Arc<Slot>,
}

impl StateWriter {
    pub(super) fn open(
        slot: Arc<Slot>,
        log_id: Uuid,
        revisions: &BTreeMap<String, u32>,
    ) -> Result<Self, StateStoreError> {
        let mut connection = schema::connect(&slot.database())?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        schema::prepare(&transaction, log_id, revisions)?;
        transaction.commit()?;
        let categories = categories(&connection)?;
        let categories = categories.into_iter().map(|(name, (number, _))| (name, number)).collect();
        Ok(Self { connection, categories, log_id, slot })
    }

    /// Writes a batch, all in one transaction or nothing of it.
    pub fn write(&mut self, batch: &StateBatch) -> Result<(), StateStoreError> {
        let aggregates = self.in_file_order(batch)?;
        let written = write(&mut self.connection, &aggregates, batch);
        note_damage(&self.slot, &written);
        written
    }

    /// Throws everything away and begins at the start of the log.
    pub fn clear(&mut self) -> Result<(), StateStoreError> {
        let cleared = clear(&mut self.connection, self.log_id);
        note_damage(&self.slot, &cleared);
        cleared
    }

    /// Puts everything on disk. Without it, or while the reader reads, the file holds as long as the machine is not
    /// stopped.
    pub fn close(self) -> Result<(), StateStoreError> {
        self.connection.pragma_update(None, "synchronous", "full")?;
        let busy: bool =
            self.connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
        self.connection.close().map_err(|(_, error)| error)?;
        if !busy {
            self.slot.end()?;
        }
        Ok(())
    }

    /// Rows that are written in their order touch each page once.
    fn in_file_order<'a>(&self, batch: &'a StateBatch) -> Result<Vec<Row<'a>>, StateStoreError> {
        let mut rows = Vec::with_capacity(batch.aggregates.len());
        for (stream, state) in &batch.aggregates {
            let Some(category) = self.categories.get(&stream.category) else {
                return Err(StateStoreError::UnknownCategory(stream.category.clone()));
            };
            rows.push(Row { category: *category, id: stream.id, state });
        }
        rows.sort_by_key(|row| (row.category, row.id)); // stable: the last of one aggregate stays the last
        Ok(rows)
    }
}

struct Row<'a> {
    category: i64,
    id: Uuid,
    state: &'a StoredState,
}

fn write(connection: &mut Connection, rows: &[Row<'_>], batch: &StateBatch) -> Result<(), StateStoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    write_aggregates(&transaction, rows)?;
    let mut insert = transaction.prepare_cached("insert or ignore into commands values (?, ?, ?)")?;
    for (id, command) in &batch.commands {
        let address = address(command.position, command.place).cast_signed();
        insert.execute(params![id.as_bytes(), address, command.fingerprint.as_bytes()])?;
    }
    drop(insert);
    move_to(&transaction, batch.checkpoint)?;
    Ok(transaction.commit()?)
}

fn write_aggregates(transaction: &Transaction<'_>, rows: &[Row<'_>]) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "insert into aggregates values (?, ?, ?, ?, ?, ?) on conflict do update
            set version = excluded.version, position = excluded.position, state = excluded.state,
                checksum = excluded.checksum",
    )?;
    for Row { category, id, state } in rows {
        let StoredState { version, position, state: text } = state;
        let (version, position) = (version.cast_signed(), position.cast_signed());
        let checksum = checksum(*category, *id, state);
        upsert.execute(params![category, id.as_bytes(), version, position, text, checksum])?;
    }
    Ok(())
}

fn clear(connection: &mut Connection, log_id: Uuid) -> Result<(), StateStoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch("delete from aggregates; delete from commands;")?;
    move_to(&transaction, Checkpoint::start(log_id))?;
    Ok(transaction.commit()?)
}

fn move_to(transaction: &Transaction<'_>, checkpoint: Checkpoint) -> rusqlite::Result<()> {
    let Checkpoint { position, head } = checkpoint;
    let mut moved =
        transaction.prepare_cached("update checkpoint set position = ?, head_position = ?, head_hash = ?")?;
    moved.execute(params![position.cast_signed(), head.position.cast_signed(), head.hash.as_bytes()])?;
    Ok(())
}
