//! One view in one file.

use std::{path::PathBuf, sync::Arc};

use annals_core::{
    Projection, Sql, Unreadable,
    log::{Checkpoint, Hash, Head, Read},
};
use rusqlite::{Transaction, params};
use sqlx::SqlitePool;
use uuid::{Uuid, fmt::Hyphenated};

use crate::{
    Directory, ViewError, WriteError,
    file::{self, Identity, Maker},
    select::Select,
    statement,
    writer::Writer,
};

/// Beside the view's own tables: how far it is, in which log, and what it was made by.
const CHECKPOINT: &str = "
    create table _checkpoint (
        log_id        text    not null,
        position      integer not null,
        head_position integer not null,
        head_hash     blob    not null,
        reached_end   integer not null,
        tables        text    not null
    );
";

/// What made the tables, if there is a checkpoint of ours.
const MAKER: &str = "
    select tables from _checkpoint
        where typeof(position) = 'integer' and typeof(head_position) = 'integer' and length(head_hash) = 32
            and typeof(reached_end) = 'integer'
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

/// What one message of the log does to a view: an entry, or a foreign message, which only moves the checkpoint.
#[derive(Debug, Clone)]
pub struct Change {
    /// To be run in this order.
    pub statements: Vec<Sql>,
    /// Where the view is then.
    pub checkpoint: Checkpoint,
}

impl Change {
    /// What was read does to the view of `projection`.
    ///
    /// # Errors
    /// When one of the events that it handles cannot be read.
    pub fn of(projection: &Projection, read: &Read) -> Result<Self, Unreadable> {
        let mut statements = Vec::new();
        for stored in read.entry.iter().flat_map(|entry| &entry.commits) {
            statements.extend(projection.project(stored)?);
        }
        Ok(Self { statements, checkpoint: read.checkpoint })
    }
}

impl View {
    /// Opens the view's file, `{view}@{version}.db`, and creates it for the log of this id if it is missing. A file
    /// that is no sound database, or whose tables were made by other SQL, is thrown away with a warning.
    pub async fn open(
        directory: &Directory,
        projection: &Projection,
        log_id: Uuid,
    ) -> Result<Self, ViewError> {
        let select = Select::of(projection);
        let path = directory.file(projection);
        let schema = format!("{CHECKPOINT}{}", projection.tables);

        let usable = file::is_usable(&path, Maker { query: MAKER, sql: &schema }).await?;
        if !usable {
            file::remove(&path)?;
        }
        // A power cut may take the last commits, rows and checkpoint together: the log has them.
        let writer = Writer::open(&path).await?;
        let readers = file::readers(&path);
        let mut view = Self { identity: Identity::default(), path, schema, writer, readers, select };
        if !usable {
            view.build(log_id).await?;
        }
        view.checkpoint().await?; // read once, so that all that SQLite keeps beside the file is there
        view.identity = file::identity(&view.path)?;
        Ok(view)
    }

    /// How far the view is.
    pub async fn checkpoint(&self) -> Result<Checkpoint, ViewError> {
        let (position, head, hash): (i64, i64, Vec<u8>) =
            sqlx::query_as("select position, head_position, head_hash from _checkpoint")
                .fetch_one(&self.readers)
                .await?;
        let hash =
            hash.try_into().map_err(|_| ViewError::Damaged("the head's hash does not have 32 bytes"))?;
        let head = Head { position: head.cast_unsigned(), hash: Hash::from_bytes(hash) };
        Ok(Checkpoint { position: position.cast_unsigned(), head })
    }

    /// The log that the view is of.
    pub async fn log_id(&self) -> Result<Uuid, ViewError> {
        let id: Hyphenated =
            sqlx::query_scalar("select log_id from _checkpoint").fetch_one(&self.readers).await?;
        Ok(id.into())
    }

    /// Changes the tables, and moves the checkpoint to the last of the changes, all in one transaction or not at all.
    pub async fn apply(&self, changes: &Arc<[Change]>) -> Result<(), ViewError> {
        self.verify_identity()?;
        let changes = changes.clone();
        let change = move |transaction: &Transaction<'_>| {
            let statements = changes.iter().flat_map(|change| &change.statements);
            for sql in statements {
                statement::run(transaction, sql)?;
            }
            let Some(Change { checkpoint, .. }) = changes.last() else { return Ok(()) };
            Ok(move_to(transaction, *checkpoint).map_err(WriteError::from)?)
        };
        self.writer.write(change).await
    }

    /// Throws all rows away and begins at the start of the log of this id. Those who read meanwhile see all or
    /// nothing of it.
    pub async fn rebuild(&self, log_id: Uuid) -> Result<(), ViewError> {
        self.verify_identity()?;
        self.build(log_id).await
    }

    async fn build(&self, log_id: Uuid) -> Result<(), ViewError> {
        let schema = self.schema.clone();
        let built = self.writer.write(move |transaction| {
            drop_tables(transaction)?;
            transaction.execute_batch(&schema)?;
            let Checkpoint { position, head } = Checkpoint::start(log_id);
            let (position, head_position) = (position.cast_signed(), head.position.cast_signed());
            transaction.execute(
                "insert into _checkpoint values (?, ?, ?, ?, 0, ?)",
                params![log_id.to_string(), position, head_position, head.hash.as_bytes(), schema],
            )?;
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

    /// Fails unless the file is still the one that was opened: with [`ViewError::FileReplaced`].
    pub fn verify_identity(&self) -> Result<(), ViewError> {
        if file::identity(&self.path)? == self.identity { Ok(()) } else { Err(ViewError::FileReplaced) }
    }

    /// Closes the file, once those who use it have finished.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn move_to(transaction: &Transaction<'_>, checkpoint: Checkpoint) -> rusqlite::Result<()> {
    let Checkpoint { position, head } = checkpoint;
    let mut moved = transaction
        .prepare_cached("update _checkpoint set position = ?, head_position = ?, head_hash = ?")?;
    moved.execute(params![position.cast_signed(), head.position.cast_signed(), head.hash.as_bytes()])?;
    Ok(())
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
