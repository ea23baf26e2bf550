//! The last addresses of streams that are not written yet.
//!
//! Written with each event they would change a random page for each: with a million streams that halved the events
//! that are added in a second. Those of 65,536 events, written together and in order, cost little. What is lost with
//! the process is read again from the events.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};

use super::Inner;
use crate::WriteError;

/// Events after which the last addresses are written: 3 MB of memory, and 100 ms to read them again at the start.
pub(super) const FLUSH_EVENTS: u64 = 65_536;

/// Streams with events since the last flush.
#[derive(Debug)]
pub(super) struct Recent {
    /// In the file the last addresses are right up to this one. All here are greater.
    pub flushed: i64,
    /// Events since then.
    pub events: u64,
    /// By the streams' numbers.
    pub streams: HashMap<i64, Last>,
}

/// The last event of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub category: i64,
    pub address: i64,
}

/// What a transaction changes in memory once it is committed.
#[derive(Debug)]
pub(super) enum Update {
    /// There are new events.
    Added { events: u64, streams: HashMap<i64, Last> },
    /// This is what there is.
    Replaced(Recent),
}

impl Recent {
    /// Everything up to `flushed` is in the file.
    pub fn empty(flushed: i64) -> Self {
        Self { flushed, events: 0, streams: HashMap::new() }
    }

    pub fn update(&mut self, update: Update) {
        match update {
            Update::Added { events, streams } => {
                self.events += events;
                self.streams.extend(streams);
            }
            Update::Replaced(recent) => *self = recent,
        }
    }
}

/// Nothing is in the file, not even at address 0.
impl Default for Recent {
    fn default() -> Self {
        Self::empty(-1)
    }
}

/// Of an index that was built a moment ago.
impl Default for Update {
    fn default() -> Self {
        Self::Replaced(Recent::default())
    }
}

/// Writes the last addresses, in the order of the file.
pub(super) fn flush(
    connection: &Connection,
    recent: &Recent,
    added: &HashMap<i64, Last>,
) -> rusqlite::Result<Recent> {
    let mut streams = recent.streams.clone();
    streams.extend(added);
    let mut streams: Vec<_> = streams.into_iter().map(|(number, last)| (number, last.address)).collect();
    streams.sort_unstable();
    let mut update = connection.prepare_cached("update streams set last = ? where number = ?")?;
    for (number, address) in &streams {
        update.execute(params![address, number])?;
    }
    let flushed = streams.iter().map(|(_, address)| *address).fold(recent.flushed, i64::max);
    connection.execute("update _checkpoint set flushed = ?", [flushed])?;
    Ok(Recent::empty(flushed))
}

/// What was not flushed before the file was closed.
pub(super) fn load(transaction: &Transaction<'_>) -> Result<Update, WriteError> {
    let flushed = transaction.query_one("select flushed from _checkpoint", [], |row| row.get(0))?;
    let mut recent = Recent::empty(flushed);
    let mut events = transaction.prepare(
        "select stream, streams.category, address from events join streams on streams.number = stream
            where address > ? order by address",
    )?;
    let mut events = events.query([flushed])?;
    while let Some(row) = events.next()? {
        let last = Last { category: row.get(1)?, address: row.get(2)? };
        recent.streams.insert(row.get(0)?, last);
        recent.events += 1;
    }
    Ok(Update::Replaced(recent))
}

impl Inner {
    /// The last address of a stream, if it has events since the last flush.
    pub(super) fn recent_address(&self, stream: i64) -> Option<i64> {
        self.recent().streams.get(&stream).map(|last| last.address)
    }
}
