//! One view in one file.

use std::{path::PathBuf, sync::Arc};

use annals_core::{Position, Projection, Sql, StoredCommit, Unreadable};
use rusqlite::{Transaction, params};
use sqlx::SqlitePool;
use uuid::{Uuid, fmt::Hyphenated};

use crate::{
    Directory, ViewError, WriteError,
    file::{self, Identity, Maker},
    select::Select,
    statement,
    writer::{Durability, Writer},
};

/// Beside the view's own tables: how far it is, and what it was made by.
const CHECKPOINT: &str = "
    create table _checkpoint (
        position    integer not null,
        commit_id   text,
        reached_end integer not null,
        tables      text    not null
    );
";

/// What made the tables, if there is a checkpoint of ours.
const MAKER: &str = "
    select tables from _checkpoint where typeof(position) = 'integer' and typeof(reached_end) = 'integer'
";

/// A read model as it stands in its file.
///
/// Open a projection once: the writer assumes to be the only one.
#[derive(Debug)]
pub struct View {
    path: PathBuf,
    identity: Identity,
    schema: String,
    writer: Writer,
    pub(crate) readers: SqlitePool,
    pub(crate) select: Select,
}

/// How far a view is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last position applied; 0 if none is.
    pub position: Position,
    /// The commit at that position: a log that has another one there is another log.
    pub commit_id: Option<Uuid>,
}

/// What one commit does to a view.
#[derive(Debug, Clone)]
pub struct Change {
    /// To be run in this order.
    pub statements: Vec<Sql>,
    /// Where the view is then.
    pub checkpoint: Checkpoint,
}

impl Change {
    /// What `stored` does to the view of `projection`.
    ///
    /// # Errors
    /// When one of its events cannot be read.
    pub fn of(projection: &Projection, stored: &StoredCommit) -> Result<Self, Unreadable> {
        let checkpoint = Checkpoint { position: stored.position, commit_id: Some(stored.commit.id) };
        Ok(Self { statements: projection.project(stored)?, checkpoint })
    }
}

impl View {
    /// Opens the view's file, `{view}@{version}.db`, and creates it if it is missing. A file that is
    /// no sound database, or whose tables were made by other SQL, is thrown away with a warning.
    pub async fn open(directory: &Directory, projection: &Projection) -> Result<Self, ViewError> {
        let select = Select::of(projection);
        let path = directory.file(projection);
        let schema = format!("{CHECKPOINT}{}", projection.tables);

        let usable = file::is_usable(&path, Maker { query: MAKER, sql: &schema }).await?;
        if !usable {
            file::remove(&path)?;
        }
        // A power cut may take the last commits, rows and checkpoint together: the log has them.
        let writer = Writer::open(&path, Durability::Normal).await?;
        let readers = file::readers(&path);
        let mut view = Self { identity: Identity::default(), path, schema, writer, readers, select };
        if !usable {
            view.build().await?;
        }
        view.checkpoint().await?; // read once, so that all that SQLite keeps beside the file is there
        view.identity = file::identity(&view.path)?;
        Ok(view)
    }

    /// How far the view is.
    pub async fn checkpoint(&self) -> Result<Checkpoint, ViewError> {
        let (position, commit_id): (i64, Option<Hyphenated>) =
            sqlx::query_as("select position, commit_id from _checkpoint").fetch_one(&self.readers).await?;
        Ok(Checkpoint { position: position.cast_unsigned(), commit_id: commit_id.map(Into::into) })
    }

    /// Changes the tables as these commits do, and moves the checkpoint to the last of them, all in one transaction
    /// or not at all.
    pub async fn apply(&self, changes: &Arc<[Change]>) -> Result<(), ViewError> {
        self.in_place()?;
        let changes = changes.clone();
        let change = move |transaction: &Transaction<'_>| {
            let statements = changes.iter().flat_map(|change| &change.statements);
            for sql in statements {
                statement::run(transaction, sql)?;
            }
            let Some(Change { checkpoint, .. }) = changes.last() else { return Ok(()) };
            let moved = Sql::new("update _checkpoint set position = ?, commit_id = ?");
            statement::run(transaction, &moved.bind(checkpoint.position).bind(checkpoint.commit_id))
        };
        self.writer.write(change).await
    }

    /// Throws all rows away and begins at 0. Those who read meanwhile see all or nothing of it.
    pub async fn rebuild(&self) -> Result<(), ViewError> {
        self.in_place()?;
        self.build().await
    }

    async fn build(&self) -> Result<(), ViewError> {
        let schema = self.schema.clone();
        let built = self.writer.write(move |transaction| {
            drop_tables(transaction)?;
            transaction.execute_batch(&schema)?;
            transaction.execute("insert into _checkpoint values (0, null, 0, ?)", params![schema])?;
            Ok::<_, WriteError>(())
        });
        Ok(built.await?)
    }

    /// Notes that the view has been at the end of the log, so that it may show its rows.
    pub async fn mark_reached_end(&self) -> Result<(), ViewError> {
        let reached = Sql::new("update _checkpoint set reached_end = 1");
        self.writer.write(move |transaction| statement::run(transaction, &reached)).await
    }

    /// Whether the view has been at the end of the log since it was built.
    pub async fn has_reached_end(&self) -> Result<bool, ViewError> {
        Ok(sqlx::query_scalar("select reached_end from _checkpoint").fetch_one(&self.readers).await?)
    }

    /// Whether the view's file is still the one that was opened; else [`ViewError::Moved`].
    pub fn in_place(&self) -> Result<(), ViewError> {
        if file::identity(&self.path)? == self.identity { Ok(()) } else { Err(ViewError::Moved) }
    }

    /// Closes the file, once those who use it have finished.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn drop_tables(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut tables = transaction.prepare(
        "select type, name from sqlite_schema
            where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'",
    )?;
    let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let tables: Vec<(String, String)> = tables.collect::<Result<_, _>>()?;
    for (kind, name) in tables {
        transaction.execute_batch(&format!("drop {kind} [{name}]"))?;
    }
    Ok(())
}
