//! Folded states of long streams, so that a load need not begin at a stream's beginning.
//!
//! The file is a hint and never the truth. It may be deleted at any time, and whoever reads it compares
//! what it says with the log.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use annals_core::{Position, StreamId, Version};
use sha2::{Digest, Sha256};
use sqlx::{
    ConnectOptions, Connection, Row, SqlitePool,
    sqlite::{SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use thiserror::Error;
use tracing::warn;
use uuid::Uuid;

use crate::{Fault, directory, fault, file};

/// One row for each stream. Other columns are another table: the file is thrown away then.
const TABLE: &str = "create table snapshots (
    category text    not null,
    id       blob    not null,
    revision integer not null,
    version  integer not null,
    position integer not null,
    body     blob    not null,
    checksum blob    not null,
    primary key (category, id)
)";

/// One writes while others read.
const CONNECTIONS: u32 = 2;

/// A stream as it was folded up to one of its commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The stream.
    pub stream: StreamId,
    /// That of the rules that folded it.
    pub revision: u32,
    /// Of the last event that is in it.
    pub version: Version,
    /// Of the commit of that event.
    pub position: Position,
    /// What was folded, in whatever form its owner likes.
    pub body: Vec<u8>,
}

/// The snapshots in a directory, which is locked for the life of this value.
#[derive(Debug)]
pub struct Snapshots {
    path: PathBuf,
    pool: SqlitePool,
    _lock: File,
}

/// Why snapshots are not to be had.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// One process owns the file.
    #[error("{} is in use by process {holder}", path.display())]
    Held {
        /// The directory.
        path: PathBuf,
        /// The other's process id, as it wrote it down.
        holder: String,
    },
    /// The directory could not be created, read or written.
    #[error("the directory of snapshots cannot be used: {0}")]
    Directory(#[from] io::Error),
    /// The database failed.
    #[error("the database of snapshots failed: {0}")]
    Database(#[from] sqlx::Error),
}

impl SnapshotError {
    /// Whether the file is not sound, so that nothing but throwing it away helps.
    #[must_use]
    pub fn is_of_the_file(&self) -> bool {
        matches!(self, Self::Database(error) if fault::of_database(error) == Fault::File)
    }
}

impl Snapshots {
    /// Takes the directory for this process, and creates what is missing in it. A file that is no sound
    /// database, or of another build, is thrown away with a warning.
    pub async fn open(directory: impl Into<PathBuf>) -> Result<Self, SnapshotError> {
        let directory = directory.into();
        fs::create_dir_all(&directory)?;
        let lock = match directory::lock(&directory.join("lock")) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let holder = fs::read_to_string(directory.join("lock"))?;
                return Err(SnapshotError::Held { path: directory, holder });
            }
            lock => lock?,
        };
        let path = directory.join("snapshots.db");
        let usable = is_usable(&path).await?;
        if !usable {
            file::remove(&path)?;
        }
        let pool = connect(&path).await?;
        if !usable {
            sqlx::raw_sql(TABLE).execute(&pool).await?;
        }
        Ok(Self { path, pool, _lock: lock })
    }

    /// The aggregates of which there is one, of whatever category and revision.
    pub async fn ids(&self) -> Result<HashSet<Uuid>, SnapshotError> {
        let ids: Vec<Uuid> = sqlx::query_scalar("select id from snapshots").fetch_all(&self.pool).await?;
        Ok(ids.into_iter().collect())
    }

    /// The snapshot of a stream by the rules of that revision. One that was damaged is none.
    pub async fn find(&self, stream: &StreamId, revision: u32) -> Result<Option<Snapshot>, SnapshotError> {
        let row = sqlx::query(
            "select version, position, body, checksum from snapshots
                where category = ? and id = ? and revision = ?",
        );
        let row = row.bind(&stream.category).bind(stream.id).bind(revision);
        let Some(row) = row.fetch_optional(&self.pool).await? else { return Ok(None) };
        let checksum: Vec<u8> = row.try_get("checksum")?;
        let snapshot = read(stream.clone(), revision, &row)?;
        Ok((checksum == snapshot.checksum()).then_some(snapshot))
    }

    /// Keeps a snapshot in the place of the stream's last one.
    pub async fn keep(&self, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        let Snapshot { stream, revision, version, position, body } = snapshot;
        sqlx::query("insert or replace into snapshots values (?, ?, ?, ?, ?, ?, ?)")
            .bind(&stream.category)
            .bind(stream.id)
            .bind(revision)
            .bind(version.cast_signed())
            .bind(position.cast_signed())
            .bind(body)
            .bind(snapshot.checksum())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Removes the file. What has it open may go on with it, and finds it gone after the next start.
    pub fn discard(&self) -> io::Result<()> {
        file::remove(&self.path)
    }

    /// Closes the file, once those who use it have finished.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl Snapshot {
    /// Over all of it: `SQLite` does not notice a bit that was flipped in a row.
    fn checksum(&self) -> Vec<u8> {
        let Self { stream, revision, version, position, body } = self;
        let mut sum = Sha256::new();
        sum.update(format!("{stream} {revision} {version} {position} "));
        sum.update(body);
        sum.finalize().to_vec()
    }
}

fn read(stream: StreamId, revision: u32, row: &SqliteRow) -> Result<Snapshot, sqlx::Error> {
    Ok(Snapshot {
        stream,
        revision,
        version: row.try_get::<i64, _>("version")?.cast_unsigned(),
        position: row.try_get::<i64, _>("position")?.cast_unsigned(),
        body: row.try_get("body")?,
    })
}

async fn is_usable(path: &Path) -> Result<bool, SnapshotError> {
    if !path.try_exists()? {
        return Ok(false);
    }
    let complaint = match made_by(path).await {
        Ok(Some(table)) if table.eq_ignore_ascii_case(TABLE) => return Ok(true),
        Ok(_) => "it was made by another build".into(),
        Err(error) if fault::is_unsound(&error) => error.to_string(),
        Err(error) => return Err(error.into()),
    };
    warn!(file = %path.display(), %complaint, "the snapshots are thrown away and made anew");
    Ok(false)
}

async fn made_by(path: &Path) -> Result<Option<String>, sqlx::Error> {
    let mut connection = file::options(path).connect().await?;
    let table = sqlx::query_scalar("select sql from sqlite_schema where name = 'snapshots'");
    let table = table.fetch_optional(&mut connection).await;
    connection.close().await?; // and waited for: closed later, it would remove the next file's journal
    table
}

async fn connect(path: &Path) -> Result<SqlitePool, sqlx::Error> {
    let options = file::options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // No fsync: the disk is the log's, for which every command waits. What a power cut damages
        // shows by its checksum, or by SQLite's complaint, and is made again.
        .synchronous(SqliteSynchronous::Off);
    SqlitePoolOptions::new()
        .max_connections(CONNECTIONS)
        .test_before_acquire(false) // a file does not hang up
        .connect_with(options)
        .await
}
