//! SQLite with nothing of ours on top of it. `annals bench` measures it beside the views, which cannot be
//! faster; nothing else has a use for it.

use std::path::Path;

use sqlx::{QueryBuilder, Sqlite, SqlitePool};
use uuid::{Uuid, fmt::Hyphenated};

use crate::{ViewError, file};

/// A table like that of a view, in a file that is opened as a view's is.
#[derive(Debug)]
pub struct Table {
    writer: SqlitePool,
    ids: Vec<Uuid>,
    written: i64,
}

/// As many rows as are written at once at most.
const ROWS: usize = 1000;

impl Table {
    /// Makes one, of 1,000 rows.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub async fn create(path: &Path) -> Result<Self, ViewError> {
        let writer = file::writer(path).await?;
        let schema = "create table bare (id text primary key, balance integer, version integer) strict";
        sqlx::raw_sql(schema).execute(&writer).await?;
        let mut table = Self { writer, ids: (0..ROWS).map(|_| Uuid::new_v4()).collect(), written: 0 };
        table.write(ROWS).await?;
        Ok(table)
    }

    /// Writes so many of the rows anew, 1,000 at most, in one transaction: by one statement, compiled once,
    /// which is the least that SQLite can be asked for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&mut self, rows: usize) -> Result<(), ViewError> {
        self.written += 1;
        let first = usize::try_from(self.written).unwrap_or_default();
        let ids = self.ids.iter().cycle().skip(first % ROWS).take(rows);
        let mut query = QueryBuilder::<Sqlite>::new("insert or replace into bare ");
        query.push_values(ids, |mut row, id| {
            row.push_bind(Hyphenated::from_uuid(*id)).push_bind(self.written).push_bind(self.written);
        });
        let mut transaction = self.writer.begin().await?;
        query.build().execute(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }
}
