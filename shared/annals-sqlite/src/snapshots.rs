//! Folded states of long streams, so that a load need not begin at a stream's beginning.
//!
//! The file is a hint and never the truth. It may be deleted at any time, and whoever reads it compares
//! what it says with the log.

use std::{collections::HashMap, fs::File, io, path::PathBuf};

use annals_core::{Position, StreamId, Version};
use rusqlite::params;
use sha2::{Digest, Sha256};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};
use thiserror::Error;
use uuid::Uuid;

use crate::{
    DirectoryError, Fault, WriteError, directory, fault,
    file::{self, Maker},
    writer::{Durability, Writer},
};

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

/// What made the table. `SQLite` keeps the text as it was given, but for the first two words.
const MAKER: &str = "select 'create table' || substr(sql, 13) from sqlite_schema where name = 'snapshots'";

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
    writer: Writer,
    readers: SqlitePool,
    _lock: File,
}

/// Why snapshots are not to be had.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The directory cannot be used.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The file could not be removed.
    #[error("the file of snapshots failed: {0}")]
    File(#[from] io::Error),
    /// The database could not be read.
    #[error("the database of snapshots failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database could not be written.
    #[error("the database of snapshots failed: {0}")]
    Write(#[from] WriteError),
}

impl SnapshotError {
    /// Whether the file is not sound, so that nothing but throwing it away helps.
    #[must_use]
    pub fn is_of_the_file(&self) -> bool {
        match self {
            Self::Database(error) => fault::of_database(error) == Fault::File,
            Self::Write(error) => fault::of_write(error) == Fault::File,
            Self::Directory(_) | Self::File(_) => false,
        }
    }
}

impl Snapshots {
    /// Takes the directory for this process, and creates what is missing in it. A file that is no sound
    /// database, or of another build, is thrown away with a warning.
    pub async fn open(directory: impl Into<PathBuf>) -> Result<Self, SnapshotError> {
        let directory = directory.into();
        let lock = directory::take(&directory)?;
        let path = directory.join("snapshots.db");
        let usable = file::is_usable(&path, Maker { query: MAKER, sql: TABLE }).await?;
        if !usable {
            file::remove(&path)?;
        }
        // No fsync: the disk is the log's, for which every command waits. What a power cut damages
        // shows by its checksum, or by SQLite's complaint, and is made again.
        let writer = Writer::open(&path, Durability::Off).await?;
        if !usable {
            writer.write(|transaction| Ok::<_, WriteError>(transaction.execute_batch(TABLE)?)).await?;
        }
        Ok(Self { readers: file::readers(&path), path, writer, _lock: lock })
    }

    /// The streams of which there is one, by the rules of which revision, and where it ends.
    pub async fn ends(&self) -> Result<HashMap<(StreamId, u32), Position>, SnapshotError> {
        let all = sqlx::query_as("select category, id, revision, position from snapshots");
        let all: Vec<(String, Uuid, u32, i64)> = all.fetch_all(&self.readers).await?;
        let end = |(category, id, revision, position): (String, _, _, i64)| {
            ((StreamId::new(category, id), revision), position.cast_unsigned())
        };
        Ok(all.into_iter().map(end).collect())
    }

    /// The snapshot of a stream by the rules of that revision. One that was damaged is none.
    pub async fn find(&self, stream: &StreamId, revision: u32) -> Result<Option<Snapshot>, SnapshotError> {
        let row = sqlx::query(
            "select version, position, body, checksum from snapshots
                where category = ? and id = ? and revision = ?",
        );
        let row = row.bind(&stream.category).bind(stream.id).bind(revision);
        let Some(row) = row.fetch_optional(&self.readers).await? else { return Ok(None) };
        let checksum: Vec<u8> = row.try_get("checksum")?;
        let snapshot = read(stream.clone(), revision, &row)?;
        Ok((checksum == snapshot.checksum()).then_some(snapshot))
    }

    /// Keeps a snapshot in the place of the stream's last one.
    pub async fn keep(&self, snapshot: &Snapshot) -> Result<(), SnapshotError> {
        let snapshot = snapshot.clone();
        let kept = self.writer.write(move |transaction| {
            let checksum = snapshot.checksum();
            let Snapshot { stream, revision, version, position, body } = snapshot;
            transaction
                .prepare_cached("insert or replace into snapshots values (?, ?, ?, ?, ?, ?, ?)")?
                .execute(params![
                    stream.category,
                    stream.id.as_bytes(),
                    revision,
                    version.cast_signed(),
                    position.cast_signed(),
                    body,
                    checksum
                ])?;
            Ok::<_, WriteError>(())
        });
        Ok(kept.await?)
    }

    /// Removes the file. What has it open may go on with it, and finds it gone after the next start.
    pub fn discard(&self) -> io::Result<()> {
        file::remove(&self.path)
    }

    /// Closes the file, once those who use it have finished.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
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
