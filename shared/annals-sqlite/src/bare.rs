//! SQLite with nothing of ours on top of it. `annals bench` measures it beside the views, which cannot be
//! faster; nothing else has a use for it.

use std::{iter::repeat_n, path::Path, sync::Arc};

use sqlx::{AssertSqlSafe, SqlitePool, sqlite::SqliteSynchronous};

use crate::{ViewError, file};

/// A table like that of a view, in a file that is opened as a view's is.
#[derive(Debug)]
pub struct Table {
    writer: SqlitePool,
    /// A statement is a transaction by itself.
    statement: Arc<str>,
    rows: usize,
    written: i64,
}

/// As many rows as there are in the table.
const ROWS: i64 = 1000;

impl Table {
    /// Makes one, of which so many rows are written at once, 1,000 at most.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub async fn create(path: &Path, rows: usize) -> Result<Self, ViewError> {
        let writer = file::writer(path, SqliteSynchronous::Normal).await?;
        sqlx::raw_sql("create table bare (id text primary key, balance integer, version integer) strict")
            .execute(&writer)
            .await?;
        let places: Vec<_> = repeat_n("(?, ?, ?)", rows).collect();
        let statement = format!(
            "insert into bare values {} on conflict (id) do update \
             set balance = excluded.balance, version = excluded.version",
            places.join(", ")
        );
        Ok(Self { writer, statement: statement.into(), rows, written: 0 })
    }

    /// Writes rows: new ones at first, and then the same ones anew. One statement that has been compiled
    /// before, and its values, are the least that SQLite can be asked for. How many it wrote.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&mut self) -> Result<u64, ViewError> {
        let mut query = sqlx::query(AssertSqlSafe(self.statement.clone()));
        for _ in 0..self.rows {
            let id = self.written.rem_euclid(ROWS);
            self.written += 1;
            query =
                query.bind(format!("00000000-0000-4000-8000-{id:012}")).bind(self.written).bind(self.written);
        }
        Ok(query.execute(&self.writer).await?.rows_affected())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_again_replaces_what_was_there() {
        let directory = tempfile::TempDir::new().unwrap();
        let mut table = Table::create(&directory.path().join("bare.db"), 300).await.unwrap();
        for _ in 0..5 {
            assert_eq!(table.write().await.unwrap(), 300);
        }
        let count = sqlx::query_as("select count(*), max(balance) from bare");
        let count: (i64, i64) = count.fetch_one(&table.writer).await.unwrap();
        assert_eq!(count, (1000, 1500));
    }
}
