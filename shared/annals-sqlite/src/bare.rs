//! SQLite with nothing of ours on top of it. `annals bench` measures it beside the views, which cannot be
//! faster; nothing else has a use for it.

use std::{iter::repeat_n, path::Path, sync::Arc};

use rusqlite::{params_from_iter, types::Value};

use crate::{ViewError, WriteError, writer::Writer};

/// A table like that of a view, in a file that is opened as a view's is.
#[derive(Debug)]
pub struct Table {
    writer: Writer,
    /// All there is in a transaction.
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
        let writer = Writer::open(path).await?;
        let table = "create table bare (id text primary key, balance integer, version integer) strict";
        writer.write(move |transaction| Ok::<_, WriteError>(transaction.execute_batch(table)?)).await?;
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
        let mut values: Vec<Value> = Vec::with_capacity(3 * self.rows);
        for _ in 0..self.rows {
            let id = self.written.rem_euclid(ROWS);
            self.written += 1;
            values.push(format!("00000000-0000-4000-8000-{id:012}").into());
            values.extend([self.written.into(), self.written.into()]);
        }
        let statement = self.statement.clone();
        let written = self.writer.write(move |transaction| {
            let mut statement = transaction.prepare_cached(&statement)?;
            Ok::<_, WriteError>(statement.execute(params_from_iter(values))? as u64)
        });
        Ok(written.await?)
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
        let count = table.writer.write(|transaction| {
            let count = transaction.query_one("select count(*), max(balance) from bare", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            });
            Ok::<_, WriteError>(count?)
        });
        let count: (i64, i64) = count.await.unwrap();
        assert_eq!(count, (1000, 1500));
    }
}
