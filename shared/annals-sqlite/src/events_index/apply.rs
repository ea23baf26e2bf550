//! Adds entries.

use std::{collections::HashMap, sync::Arc};

use annals_core::{
    EventRecord, StoredCommit, address,
    log::{Checkpoint, Entry},
};
use rusqlite::{OptionalExtension, Transaction, params};
use uuid::Uuid;

use super::{
    checkpoint,
    recent::{self, FLUSH_EVENTS, Last, Recent, Update},
    schema::MARK,
};
use crate::WriteError;

/// Adds the events of these entries, and moves the checkpoint.
pub(super) fn apply(
    transaction: &Transaction<'_>,
    recent: &Recent,
    entries: &[Arc<Entry>],
    checkpoint: Checkpoint,
) -> Result<Update, WriteError> {
    let mut batch = Batch {
        transaction,
        recent,
        added: HashMap::new(),
        events: 0,
        categories: HashMap::new(),
        types: HashMap::new(),
        streams: HashMap::new(),
    };
    for entry in entries {
        batch.add(entry)?;
    }
    checkpoint::move_to(transaction, checkpoint)?;
    let Batch { added: streams, events, .. } = batch;
    if recent.events + events < FLUSH_EVENTS {
        Ok(Update::Added { events, streams })
    } else {
        Ok(Update::Replaced(recent::flush(transaction, recent, &streams)?))
    }
}

/// Entries that are added in one transaction, and the numbers of what they name.
struct Batch<'a> {
    transaction: &'a Transaction<'a>,
    recent: &'a Recent,
    added: HashMap<i64, Last>,
    events: u64,
    categories: HashMap<&'a str, i64>,
    types: HashMap<(i64, &'a str), i64>,
    streams: HashMap<(i64, Uuid), (i64, Option<i64>)>,
}

impl<'a> Batch<'a> {
    fn add(&mut self, entry: &'a Entry) -> rusqlite::Result<()> {
        for stored in &entry.commits {
            self.add_commit(stored)?;
        }
        let recorded_at = entry.commits.last().map(|stored| stored.commit.recorded_at.as_microsecond());
        self.transaction
            .prepare_cached("insert or replace into entries values (?, ?)")?
            .execute(params![entry.position.cast_signed(), recorded_at])?;
        Ok(())
    }

    fn add_commit(&mut self, stored: &'a StoredCommit) -> rusqlite::Result<()> {
        let category = self.category(&stored.commit.stream.category)?;
        let id = stored.commit.stream.id;
        let first = address(stored.position, stored.place).cast_signed();
        let (stream, mut last) = self.stream(category, id, first)?;
        for (place, event) in stored.events() {
            let address = address(stored.position, place).cast_signed();
            if last.is_some_and(|last| address <= last) {
                continue; // it is there
            }
            self.add_event(stream, last, address, event, stored, category)?;
            last = Some(address);
            self.added.insert(stream, Last { category, address });
            self.events += 1;
        }
        self.streams.insert((category, id), (stream, last));
        Ok(())
    }

    fn add_event(
        &mut self,
        stream: i64,
        previous: Option<i64>,
        address: i64,
        event: &'a EventRecord,
        stored: &'a StoredCommit,
        category: i64,
    ) -> rusqlite::Result<()> {
        let commit = &stored.commit;
        let unless_the_command = |id: Uuid| (id != commit.id).then(|| id.into_bytes());
        let kind = self.event_type(category, &event.kind)?;
        let version = event.version.cast_signed();
        self.transaction
            .prepare_cached("insert or replace into events values (?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                address,
                stream,
                version,
                previous,
                kind,
                commit.recorded_at.as_microsecond(),
                commit.id.as_bytes(),
                unless_the_command(commit.context.correlation_id),
                unless_the_command(commit.context.causation_id),
            ])?;
        if event.version.is_multiple_of(MARK) {
            self.transaction
                .prepare_cached("insert or replace into marks values (?, ?, ?)")?
                .execute(params![stream, version, address])?;
        }
        Ok(())
    }

    /// The number of a category, drawn when it is new.
    fn category(&mut self, name: &'a str) -> rusqlite::Result<i64> {
        if let Some(number) = self.categories.get(name) {
            return Ok(*number);
        }
        let mut find = self.transaction.prepare_cached("select number from categories where name = ?")?;
        let number = if let Some(number) = find.query_one([name], |row| row.get(0)).optional()? {
            number
        } else {
            self.transaction.execute("insert into categories (name, streams) values (?, 0)", [name])?;
            self.transaction.last_insert_rowid()
        };
        self.categories.insert(name, number);
        Ok(number)
    }

    /// The number of an event type, drawn when it is new.
    fn event_type(&mut self, category: i64, name: &'a str) -> rusqlite::Result<i64> {
        if let Some(number) = self.types.get(&(category, name)) {
            return Ok(*number);
        }
        let mut find =
            self.transaction.prepare_cached("select number from types where category = ? and name = ?")?;
        let found = find.query_one(params![category, name], |row| row.get(0)).optional()?;
        let number = if let Some(number) = found {
            number
        } else {
            let added = "insert into types (category, name) values (?, ?)";
            self.transaction.execute(added, params![category, name])?;
            self.transaction.last_insert_rowid()
        };
        self.types.insert((category, name), number);
        Ok(number)
    }

    /// The number of a stream, and the address of its last event, if it has one. A new one begins at `first`.
    fn stream(&mut self, category: i64, id: Uuid, first: i64) -> rusqlite::Result<(i64, Option<i64>)> {
        if let Some(known) = self.streams.get(&(category, id)) {
            return Ok(*known);
        }
        let mut find = self
            .transaction
            .prepare_cached("select number, last from streams where category = ? and id = ?")?;
        let found = find.query_one(params![category, id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)));
        if let Some((number, written)) = found.optional()? {
            let recent = self.recent.streams.get(&number).map_or(written, |last| last.address);
            return Ok((number, Some(recent)));
        }
        self.transaction
            .prepare_cached("insert into streams (category, id, last) values (?, ?, ?)")?
            .execute(params![category, id.as_bytes(), first])?;
        let number = self.transaction.last_insert_rowid();
        self.transaction
            .prepare_cached("update categories set streams = streams + 1 where number = ?")?
            .execute([category])?;
        Ok((number, None))
    }
}
