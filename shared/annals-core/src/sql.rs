//! Statements that a projection asks for.

use jiff::Timestamp;
use uuid::Uuid;

use crate::recorded::micros;

/// One statement with its values, bound by place (`?`).
#[derive(Debug, Clone, PartialEq)]
pub struct Sql {
    /// One statement. Always a constant: text from outside is bound, never pasted.
    pub text: &'static str,
    /// The values, in the order of the question marks.
    pub values: Vec<SqlValue>,
}

/// A value that SQLite can hold.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// `null`
    Null,
    /// `integer`
    Integer(i64),
    /// `text`
    Text(String),
}

impl Sql {
    /// A statement without values yet.
    #[must_use]
    pub fn new(text: &'static str) -> Self {
        Self { text, values: Vec::new() }
    }

    /// Binds the next `?`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<SqlValue>) -> Self {
        self.values.push(value.into());
        self
    }
}

impl From<i64> for SqlValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

/// Versions and positions; SQLite counts no further than `i64`, and neither does a log.
impl From<u64> for SqlValue {
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<&str> for SqlValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for SqlValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Uuid> for SqlValue {
    fn from(value: Uuid) -> Self {
        Self::Text(value.to_string())
    }
}

/// RFC 3339 with microseconds, in UTC: sorts as text as it does in time.
impl From<Timestamp> for SqlValue {
    fn from(value: Timestamp) -> Self {
        Self::Text(micros::format(value))
    }
}

impl<T: Into<SqlValue>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
