//! Values between readers and SQLite.

use std::sync::Arc;

use annals_core::{Column, Kind, SqlValue, micros, values::Date};
use serde_json::Value;
use sqlx::{Arguments, sqlite::SqliteArguments};
use uuid::Uuid;

use crate::ViewError;

/// Reads a text from outside as a value of `column`.
pub(crate) fn parse(column: &Column, text: &str) -> Result<SqlValue, ViewError> {
    let (value, wanted) = match column.kind {
        Kind::Id => (Uuid::try_parse(text).ok().map(SqlValue::from), "a UUID"),
        Kind::Text => (Some(SqlValue::from(text)), "a text"),
        Kind::Integer => (text.parse::<i64>().ok().map(SqlValue::from), "a whole number"),
        Kind::Time => {
            (micros::deserialize(Value::from(text)).ok().map(SqlValue::from), "a time as in RFC 3339")
        }
        Kind::Date => (text.parse().ok().map(|date: Date| SqlValue::from(&date)), "a day like 2026-11-21"),
    };
    value.ok_or_else(|| ViewError::Invalid(format!("`{}` must be {wanted}, not `{text}`.", column.name)))
}

/// Values to bind, in their order.
pub(crate) fn arguments<'a>(
    values: impl IntoIterator<Item = &'a SqlValue>,
) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            SqlValue::Null => arguments.add(None::<i64>),
            SqlValue::Integer(integer) => arguments.add(integer),
            // Copied once; as a `&str` it would be twice.
            SqlValue::Text(text) => arguments.add(Arc::<str>::from(text.as_str())),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
