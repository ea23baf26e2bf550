//! The statements of a projection, run in few trips.
//!
//! sqlx hands every `execute` to the connection's thread and back, which costs more than a small
//! statement does. So many are joined into one text: each takes its values where the one before it
//! stopped. (A place without a value would be null, and the next statement's values would be off by
//! one, so the numbers are checked first.)

use std::sync::Arc;

use annals_core::Sql;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::{ViewError, value};

/// Statements per trip. More gain nothing, and each text that returns is kept compiled.
pub(crate) const STATEMENTS_PER_TRIP: usize = 64;

/// Every value has its own plain `?`. (One within a literal counts as well: bind the literal.) Most
/// statements are followed by more of the same, and looking at one of them is enough.
pub(crate) fn check(statements: &[&Sql]) -> Result<(), ViewError> {
    let alike = |one: &&Sql, next: &&Sql| one.text == next.text && one.values.len() == next.values.len();
    statements.chunk_by(alike).try_for_each(|run| check_one(run[0]))
}

fn check_one(sql: &Sql) -> Result<(), ViewError> {
    let mut places = sql.text.split('?').skip(1);
    let count = places.clone().count();
    let numbered = places.any(|after| after.starts_with(|it: char| it.is_ascii_digit()));
    if count == sql.values.len() && !numbered {
        Ok(())
    } else {
        Err(ViewError::Unbound { text: sql.text, values: sql.values.len() })
    }
}

/// Runs all of them, in their order, up to the first that fails. Trips take 64 statements, 32, 16 and so on:
/// few texts that come again and are compiled already, whatever the number of statements is.
pub(crate) async fn run(
    connection: &mut SqliteConnection,
    mut statements: &[&Sql],
) -> Result<(), sqlx::Error> {
    let mut before: Option<(&[&Sql], Arc<str>)> = None;
    while !statements.is_empty() {
        let most = statements.len().min(STATEMENTS_PER_TRIP);
        let (trip, rest) = statements.split_at(1 << most.ilog2());
        let text = match before {
            Some((before, text)) if texts(before).eq(texts(trip)) => text,
            // On a line of its own: a text may end in a comment.
            _ => texts(trip).collect::<Vec<_>>().join("\n;\n").into(),
        };
        let values = value::arguments(trip.iter().flat_map(|sql| &sql.values))?;
        sqlx::query_with(AssertSqlSafe(text.clone()), values).execute(&mut *connection).await?;
        before = Some((trip, text));
        statements = rest;
    }
    Ok(())
}

fn texts(statements: &[&Sql]) -> impl Iterator<Item = &'static str> {
    statements.iter().map(|sql| sql.text)
}
