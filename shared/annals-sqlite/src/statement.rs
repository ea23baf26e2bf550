//! The statements of a projection.

use annals_core::{Sql, SqlValue};
use rusqlite::{
    Error, ToSql, Transaction, params_from_iter,
    types::{Null, ToSqlOutput, ValueRef},
};

use crate::ViewError;

/// Runs a statement. It is compiled once, and kept.
pub(crate) fn run(transaction: &Transaction<'_>, sql: &Sql) -> Result<(), ViewError> {
    let Sql { text, values } = sql;
    execute(transaction, sql).map_err(|error| {
        if let Error::InvalidParameterCount(..) = error {
            ViewError::Unbound { text, values: values.len() }
        } else {
            ViewError::Statement { text, error }
        }
    })
}

fn execute(transaction: &Transaction<'_>, sql: &Sql) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare_cached(sql.text)?;
    let mut rows = statement.query(params_from_iter(sql.values.iter().map(Bound)))?;
    while rows.next()?.is_some() {} // nobody looks at what it returns
    Ok(())
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
