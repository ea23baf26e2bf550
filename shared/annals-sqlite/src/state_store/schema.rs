//! The tables.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    time::Duration,
};

use annals_core::log::Checkpoint;
use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;

/// Raise it whenever the tables change, or what is in them: an older file is thrown away then.
const FORMAT: i64 = 1;

/// Bytes. Ids are random, so nearly every row that changes is a page of its own that is written twice: with 4 KiB that
/// was 2 to 3 times as many bytes, and no faster.
const PAGE_SIZE: i64 = 1024;

/// Pages in SQLite's log after which they are moved into the file: 32 MB.
const WAL_PAGES: i64 = 32_000;

/// KiB that the writer keeps in memory, negated.
const WRITER_CACHE: i64 = -64 * 1024;

/// How long one connection waits for the other.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

const TABLES: &str = "
    create table checkpoint (
        log_id        text    not null,
        position      integer not null,
        head_position integer not null,
        head_hash     blob    not null
    ) strict;
    create table categories (
        number   integer primary key,
        name     text    not null unique,
        revision integer not null -- of the rules that made the states
    ) strict;
    create table aggregates (
        category integer not null,
        id       blob    not null,
        version  integer not null,
        position integer not null,
        state    text    not null,
        checksum blob    not null,
        primary key (category, id)
    ) strict, without rowid;
    create table commands (
        id          blob    primary key,
        address     integer not null,
        fingerprint blob    not null
    ) strict, without rowid;
";

/// The connection that writes.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(LOCK_TIMEOUT)?;
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "off")?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL_PAGES)?;
    connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(LOCK_TIMEOUT)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Makes the tables, if there are none, and notes which categories there are from now on: one that is dropped and
/// comes back has missed events.
pub(super) fn prepare(
    transaction: &Transaction<'_>,
    log_id: Uuid,
    revisions: &BTreeMap<String, u32>,
) -> rusqlite::Result<()> {
    if format(transaction)? != FORMAT {
        transaction.execute_batch(TABLES)?;
        let Checkpoint { position, head } = Checkpoint::start(log_id);
        transaction.execute(
            "insert into checkpoint values (?, ?, ?, ?)",
            params![
                log_id.to_string(),
                position.cast_signed(),
                head.position.cast_signed(),
                head.hash.as_bytes()
            ],
        )?;
        let mut insert = transaction.prepare("insert into categories (name, revision) values (?, ?)")?;
        for (name, revision) in revisions {
            insert.execute(params![name, revision])?;
        }
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    let known = categories(transaction)?;
    for (name, (number, _)) in known.iter().filter(|(name, _)| !revisions.contains_key(*name)) {
        transaction.execute("delete from aggregates where category = ?", [number])?;
        transaction.execute("delete from categories where name = ?", [name])?;
    }
    Ok(())
}

/// Why the file cannot be used, if so.
pub(super) fn complaint(
    path: &Path,
    log_id: Uuid,
    revisions: &BTreeMap<String, u32>,
) -> rusqlite::Result<Option<String>> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(LOCK_TIMEOUT)?;
    if format(&connection)? != FORMAT {
        return Ok(Some("another build has made its tables".into()));
    }
    let of: String = connection.query_one("select log_id from checkpoint", [], |row| row.get(0))?;
    if of != log_id.to_string() {
        return Ok(Some(format!("it is of the log {of}, not of {log_id}")));
    }
    let known = categories(&connection)?;
    for (name, revision) in revisions {
        match known.get(name) {
            Some((_, written)) if written == revision => {}
            Some((_, written)) => {
                return Ok(Some(format!(
                    "`{name}` was written by revision {written} of its rules, not by {revision}"
                )));
            }
            None => return Ok(Some(format!("it was written without the category `{name}`"))),
        }
    }
    Ok(None)
}

/// Numbers and revisions of categories, by their names.
pub(super) fn categories(connection: &Connection) -> rusqlite::Result<HashMap<String, (i64, u32)>> {
    let mut categories = connection.prepare("select name, number, revision from categories")?;
    let categories = categories.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?;
    categories.collect()
}

fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
