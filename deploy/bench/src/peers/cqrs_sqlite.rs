//! cqrs-es on SQLite by sqlite-es: its tables, its `sqlite_cqrs`, and its pool but for the number of connections
//! and `synchronous = full`: its own `normal` acknowledges before the disk has it.

use anyhow::Result;
use sqlite_es::{SqliteEventRepository, sqlite_cqrs};
use sqlx::{
    Executor,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::cqrs::Cqrs;

/// The migration of sqlite-es, less the tables of snapshots and views.
const SCHEMA: &str = "
    create table events (
        aggregate_type text                          not null,
        aggregate_id   text                          not null,
        sequence       integer check (sequence >= 0) not null,
        event_type     text                          not null,
        event_version  text                          not null,
        payload        text                          not null,
        metadata       text                          not null,
        primary key (aggregate_type, aggregate_id, sequence)
    ) strict";

/// Makes the file and its tables.
pub async fn open(at: &str, connections: usize, accounts: usize) -> Result<Cqrs<SqliteEventRepository>> {
    let options = SqliteConnectOptions::new()
        .filename(at)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let pool =
        SqlitePoolOptions::new().max_connections(connections.try_into()?).connect_with(options).await?;
    pool.execute(SCHEMA).await?;
    let repository = SqliteEventRepository::new(pool.clone());
    Ok(Cqrs::new(sqlite_cqrs(pool, vec![], ()), repository, accounts))
}
