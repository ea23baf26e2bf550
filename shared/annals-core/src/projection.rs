//! Read models as a table and a function.

use crate::{Handler, Sql, StoredCommit, Unreadable, handler};

/// A read model: the tables it keeps, what it shows of them, and how events change them.
///
/// Events carry results, so a projection *sets* and never *adds*: delivering twice is harmless.
#[derive(Debug, Clone)]
pub struct Projection {
    /// Its name, in kebab-case, as in `/v1/views/{view}`.
    pub view: &'static str,
    /// Raise it whenever tables or functions change: the view is then built anew.
    pub version: u32,
    /// `create table` statements; tables that `shows` does not name are private.
    pub tables: &'static str,
    /// What a reader sees.
    pub shows: Shows,
    /// One function per category that it reads.
    pub reads: Vec<Handler<Sql>>,
}

/// What a view shows: one table, in one order.
#[derive(Debug, Clone, Copy)]
pub struct Shows {
    /// The table.
    pub table: &'static str,
    /// What is shown of it, and what it is ordered by.
    pub columns: &'static [Column],
    /// Columns that name a row. In a URL their values are joined by `:`.
    pub key: &'static [&'static str],
    /// The order of rows; the key breaks ties. None of these columns may hold null.
    pub order: Order,
    /// Columns that may be compared for equality.
    pub filters: &'static [&'static str],
}

/// The order in which rows are shown.
#[derive(Debug, Clone, Copy)]
pub enum Order {
    /// Smallest first.
    Ascending(&'static [&'static str]),
    /// Greatest first.
    Descending(&'static [&'static str]),
}

impl Order {
    /// The columns, the most significant first.
    #[must_use]
    pub fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::Ascending(columns) | Self::Descending(columns) => columns,
        }
    }
}

/// A column as readers see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name, the same in SQL and in JSON.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it only orders the rows, and is not among what a reader sees.
    pub hidden: bool,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A UUID in lower case.
    Id,
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A time in UTC with microseconds.
    Time,
    /// A day: `2026-11-21`.
    Date,
}

impl Column {
    /// A UUID.
    #[must_use]
    pub const fn id(name: &'static str) -> Self {
        Self::new(name, Kind::Id)
    }

    /// Any text.
    #[must_use]
    pub const fn text(name: &'static str) -> Self {
        Self::new(name, Kind::Text)
    }

    /// A whole number.
    #[must_use]
    pub const fn integer(name: &'static str) -> Self {
        Self::new(name, Kind::Integer)
    }

    /// A point in time.
    #[must_use]
    pub const fn time(name: &'static str) -> Self {
        Self::new(name, Kind::Time)
    }

    /// A day.
    #[must_use]
    pub const fn date(name: &'static str) -> Self {
        Self::new(name, Kind::Date)
    }

    /// It orders the rows, and is not seen.
    #[must_use]
    pub const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, hidden: false }
    }
}

impl Projection {
    /// The categories that it reads.
    pub fn categories(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.reads.iter().map(|handler| handler.category)
    }

    /// Says how a commit changes the tables.
    ///
    /// # Errors
    /// When one of its events cannot be read.
    pub fn project(&self, stored: &StoredCommit) -> Result<Vec<Sql>, Unreadable> {
        let statements = handler::run(&self.reads, stored)?;
        Ok(statements.into_iter().map(|(_, sql)| sql).collect())
    }
}

impl Shows {
    /// What a reader sees of a row, in this order.
    pub fn visible(&self) -> impl Iterator<Item = &'static Column> + use<> {
        self.columns.iter().filter(|column| !column.hidden)
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
