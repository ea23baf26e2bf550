//! Where the next page begins, as clients carry it.
//!
//! A cursor is the JSON array of the view's name and of the last row's place in the order, in
//! base64url. It names a place and not a row, so it holds when rows come and go.

use annals_core::{Column, Kind, SqlValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{ViewError, value};

/// Encodes a place, which is the JSON array as SQLite has written it.
pub(crate) fn encode(place: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(place)
}

/// The values of the `order` columns at which the cursor stands.
pub(crate) fn decode(cursor: &str, view: &str, order: &[&Column]) -> Result<Vec<SqlValue>, ViewError> {
    read(cursor, view, order).ok_or_else(|| {
        ViewError::Invalid("The cursor is not one that this view has given: begin again without it.".into())
    })
}

fn read(cursor: &str, view: &str, order: &[&Column]) -> Option<Vec<SqlValue>> {
    let place = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let place: Vec<Value> = serde_json::from_slice(&place).ok()?;
    let (name, values) = place.split_first()?;
    if name != view || values.len() != order.len() {
        return None;
    }
    order.iter().zip(values).map(|(column, value)| typed(column, value)).collect()
}

fn typed(column: &Column, value: &Value) -> Option<SqlValue> {
    match column.kind {
        Kind::Integer => value.as_i64().map(SqlValue::from),
        Kind::Id | Kind::Text | Kind::Time | Kind::Date => value::parse(column, value.as_str()?).ok(),
    }
}
