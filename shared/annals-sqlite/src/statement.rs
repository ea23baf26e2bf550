//! The statements of a projection.

use annals_core::{Sql, SqlValue};
use rusqlite::{
    Error, ToSql, Transaction, params_from_iter,
    types::{Null, ToSqlOutput, ValueRef},
};

use crate::{ViewError, WriteError};

/// Runs a statement. It is compiled once, and kept.
pub(crate) fn run(transaction: &Transaction<'_>, sql: &Sql) -> Result<(), ViewError> {
    let done =
        || transaction.prepare_cached(sql.text)?.execute(params_from_iter(sql.values.iter().map(Bound)));
    match done() {
        Ok(_) => Ok(()),
        Err(Error::InvalidParameterCount(values, _)) => Err(ViewError::Unbound { text: sql.text, values }),
        Err(error) => Err(WriteError::from(error).into()),
    }
}

struct Bound<'a>(&'a SqlValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            SqlValue::Null => Null.into(),
            SqlValue::Integer(integer) => (*integer).into(),
            SqlValue::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}
