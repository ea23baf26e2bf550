//! What readers see of a view.
//!
//! A read is one transaction, so the position that comes with the rows is the one they are from.

use annals_core::Position;
use futures_util::TryStreamExt;
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, Sqlite, Transaction, query::QueryAs, sqlite::SqliteArguments};

use crate::{View, ViewError, cursor, select::Query, value};

/// A page ends before the row that would take it over this.
const PAGE_BYTES: usize = 512 * 1024;

/// Some rows of a view, in its order.
#[derive(Debug, Default)]
pub struct RowsPage {
    /// JSON objects, their columns in the declared order.
    pub rows: Vec<Box<RawValue>>,
    /// The cursor of the page that follows, if there is one.
    pub next: Option<String>,
}

impl View {
    /// The row of that key, a value for each of its columns, and the position that the view is at.
    pub async fn row(&self, key: &[String]) -> Result<(Position, Option<Box<RawValue>>), ViewError> {
        let query = self.select.row(key)?;
        let (mut transaction, position) = self.snapshot().await?;
        let found = rows_of(query)?.fetch_optional(&mut *transaction).await?;
        Ok((position, found.map(|(row, _)| json(row)).transpose()?))
    }

    /// A page of the rows that equal all filters, in the view's order, and the position that the view
    /// is at. At most `limit` rows or 512 KiB, but always one if there is one.
    pub async fn rows(
        &self,
        filters: &[(String, String)],
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<(Position, RowsPage), ViewError> {
        let limit = limit.max(1);
        let one_more = i64::from(limit) + 1; // which tells whether a page follows
        let query = self.select.rows(filters, one_more, cursor)?;
        let (mut transaction, position) = self.snapshot().await?;
        let mut found = rows_of(query)?.fetch(&mut *transaction);

        let mut page = RowsPage::default();
        let mut bytes = 0;
        let mut last = None;
        while let Some((row, place)) = found.try_next().await? {
            bytes += row.len() + 1; // and a comma
            if last.is_some() && (page.rows.len() == limit as usize || bytes > PAGE_BYTES) {
                page.next = last.as_deref().map(cursor::encode);
                break;
            }
            page.rows.push(json(row)?);
            last = Some(place);
        }
        Ok((position, page))
    }

    /// Begins to read the view as it is now.
    async fn snapshot(&self) -> Result<(Transaction<'static, Sqlite>, Position), ViewError> {
        let mut transaction = self.readers.begin().await?;
        let (position, reached_end): (i64, bool) =
            sqlx::query_as("select position, reached_end from _checkpoint")
                .fetch_one(&mut *transaction)
                .await?;
        if reached_end { Ok((transaction, position.cast_unsigned())) } else { Err(ViewError::Building) }
    }
}

/// A row, and its place in the order.
type Row = (String, String);

fn rows_of<'q>(query: Query) -> Result<QueryAs<'q, Sqlite, Row, SqliteArguments>, sqlx::Error> {
    let arguments = value::arguments(&query.values)?;
    Ok(sqlx::query_as_with(AssertSqlSafe(query.text), arguments))
}

fn json(text: String) -> Result<Box<RawValue>, sqlx::Error> {
    RawValue::from_string(text).map_err(|error| sqlx::Error::Decode(error.into()))
}
