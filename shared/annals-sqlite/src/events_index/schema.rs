//! The tables.
//!
//! An event's row names the one before it in its stream, so a stream is read backwards from its last event, or from a
//! mark: every [`MARK`]th event of a stream has one. All other indexes grow at their ends, as far as ids do.

use annals_core::log::Checkpoint;
use rusqlite::{Transaction, params};
use uuid::Uuid;

/// Of each stream the versions that are multiples of this can be found by number and by address. A page of a stream
/// reads so many rows more than it shows, at most.
pub(super) const MARK: u64 = 32;

/// KiB that the writer keeps in memory, negated: what the streams of a million take, nearly.
const CACHE: i64 = -64 * 1024;

/// Other tables are another file: what was made by other SQL is built anew.
pub(super) const TABLES: &str = "
    create table _checkpoint (
        log_id        text    not null,
        position      integer not null,
        head_position integer not null,
        head_hash     blob    not null,
        reached_end   integer not null,
        flushed       integer not null, -- streams.last is right up to this address
        tables        text    not null
    ) strict;
    create table categories (
        number  integer primary key,
        name    text    not null unique,
        streams integer not null
    ) strict;
    create table types (
        number   integer primary key,
        category integer not null,
        name     text    not null,
        unique (category, name)
    ) strict;
    create table streams (
        number   integer primary key,
        category integer not null,
        id       blob    not null,
        last     integer not null, -- an address, and maybe not the last one: see flushed
        unique (category, id)
    ) strict;
    create index streams_by_activity on streams (category, last);
    create table events (
        address     integer primary key,
        stream      integer not null,
        version     integer not null,
        previous    integer, -- the address of the event before it in its stream
        type        integer not null,
        recorded_at integer not null, -- in microseconds
        command     blob    not null,
        correlation blob, -- null: it is the command
        causation   blob  -- null: it is the command
    ) strict;
    create index events_by_type on events (type);
    create index events_by_command on events (command);
    create index events_by_correlation on events (correlation) where correlation is not null;
    create index events_by_causation on events (causation) where causation is not null;
    create table marks (
        stream  integer not null,
        version integer not null,
        address integer not null,
        primary key (stream, version)
    ) strict, without rowid;
    create index marks_by_address on marks (stream, address);
    create table entries (
        position    integer primary key,
        recorded_at integer -- of its last event
    ) strict;
    create index entries_by_time on entries (recorded_at) where recorded_at is not null;
";

/// All of them.
const NAMES: [&str; 7] = ["_checkpoint", "categories", "types", "streams", "events", "marks", "entries"];

/// What made the tables, if there is a checkpoint of ours.
pub(super) const MAKER: &str = "select tables from _checkpoint where length(head_hash) = 32";

/// Makes all tables anew, without rows.
pub(super) fn build(transaction: &Transaction<'_>, log_id: Uuid) -> rusqlite::Result<()> {
    for name in NAMES {
        transaction.execute_batch(&format!("drop table if exists {name}"))?;
    }
    transaction.execute_batch(TABLES)?;
    let Checkpoint { position, head } = Checkpoint::start(log_id);
    transaction.execute(
        "insert into _checkpoint values (?, ?, ?, ?, 0, -1, ?)",
        params![
            log_id.to_string(),
            position.cast_signed(),
            head.position.cast_signed(),
            head.hash.as_bytes(),
            TABLES
        ],
    )?;
    Ok(())
}

/// Lets the connection of `transaction` keep more pages than those of other views.
pub(super) fn enlarge_cache(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.pragma_update(None, "cache_size", CACHE)
}
