//! One view in one file.

use std::path::PathBuf;

use annals_core::{Position, Projection, Sql};
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection, SqlitePool, Transaction, sqlite::SqliteSynchronous};
use uuid::{Uuid, fmt::Hyphenated};

use crate::{
    Directory, ViewError,
    file::{self, Identity, Maker},
    select::Select,
    statement,
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
    writer: SqlitePool,
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
        let writer = file::writer(&path, SqliteSynchronous::Normal).await?;
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

    /// Runs the statements and moves the checkpoint, all in one transaction or not at all.
    pub async fn apply<'a>(
        &self,
        statements: impl IntoIterator<Item = &'a Sql>,
        checkpoint: Checkpoint,
    ) -> Result<(), ViewError> {
        self.in_place()?;
        let moved = Sql::new("update _checkpoint set position = ?, commit_id = ?")
            .bind(checkpoint.position)
            .bind(checkpoint.commit_id);
        let mut all: Vec<&Sql> = statements.into_iter().collect();
        all.push(&moved);
        statement::check(&all)?;

        let mut transaction = self.writer.begin().await?;
        statement::run(&mut transaction, &all).await?;
        Ok(transaction.commit().await?)
    }

    /// Throws all rows away and begins at 0. Those who read meanwhile see all or nothing of it.
    pub async fn rebuild(&self) -> Result<(), ViewError> {
        self.in_place()?;
        self.build().await
    }

    async fn build(&self) -> Result<(), ViewError> {
        let mut transaction = self.writer.begin().await?;
        drop_tables(&mut transaction).await?;
        sqlx::raw_sql(AssertSqlSafe(self.schema.clone())).execute(&mut *transaction).await?;
        sqlx::query("insert into _checkpoint values (0, null, 0, ?)")
            .bind(&self.schema)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Notes that the view has been at the end of the log, so that it may show its rows.
    pub async fn mark_reached_end(&self) -> Result<(), ViewError> {
        sqlx::query("update _checkpoint set reached_end = 1").execute(&self.writer).await?;
        Ok(())
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

async fn drop_tables(transaction: &mut Transaction<'_, Sqlite>) -> Result<(), sqlx::Error> {
    let connection: &mut SqliteConnection = transaction;
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select type, name from sqlite_schema
            where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\'",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (kind, name) in tables {
        sqlx::raw_sql(AssertSqlSafe(format!("drop {kind} [{name}]"))).execute(&mut *connection).await?;
    }
    Ok(())
}
