//! How a view's rows are asked for in SQL.
//!
//! Names of tables and columns are constants of the projection, in brackets because some are words
//! of SQL. What a reader sends is bound, never pasted. SQLite itself writes the rows as JSON, with
//! the columns in their declared order.

use annals_core::{Column, Order, Projection, Shows, SqlValue};

use crate::{ViewError, cursor, value};

/// What a view shows, and in which order.
#[derive(Debug)]
pub(crate) struct Select {
    /// `{view}@{version}`
    pub(crate) view: String,
    shows: Shows,
    /// The declared order, then what is left of the key, so that no two rows are equal.
    order: Vec<&'static Column>,
}

/// A question: a text, and what is bound to it.
pub(crate) struct Query {
    pub(crate) text: String,
    pub(crate) values: Vec<SqlValue>,
}

impl Select {
    pub(crate) fn of(projection: &Projection) -> Self {
        let shows = projection.shows;
        let declared = shows.order.columns();
        let rest = shows.key.iter().filter(|name| !declared.contains(name));
        let order = declared.iter().chain(rest).map(|name| shown(&shows, name)).collect();
        Self { view: format!("{}@{}", projection.view, projection.version), shows, order }
    }

    /// The row of that key, one value per key column.
    pub(crate) fn row(&self, key: &[String]) -> Result<Query, ViewError> {
        let columns = self.shows.key;
        if key.len() != columns.len() {
            let (wanted, found) = (columns.len(), key.len());
            let detail = format!(
                "A row of this view has a key of {wanted} (`{}`), not of {found}.",
                columns.join(":")
            );
            return Err(ViewError::Invalid(detail));
        }
        let parts = columns.iter().zip(key).map(|(name, part)| value::parse(shown(&self.shows, name), part));
        let values = parts.collect::<Result<_, _>>()?;
        let conditions: Vec<_> = columns.iter().map(|name| format!("[{name}] = ?")).collect();
        Ok(Query { text: self.text(&conditions), values })
    }

    /// The rows that pass all filters, from the cursor on.
    pub(crate) fn rows(
        &self,
        filters: &[(String, String)],
        limit: i64,
        cursor: Option<&str>,
    ) -> Result<Query, ViewError> {
        let mut conditions = Vec::new();
        let mut values = Vec::new();
        for (index, (name, text)) in filters.iter().enumerate() {
            if filters[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(ViewError::Invalid(format!("`{name}` is given twice.")));
            }
            values.push(value::parse(self.filter(name)?, text)?);
            conditions.push(format!("[{name}] = ?"));
        }

        let (after, direction) = match self.shows.order {
            Order::Ascending(_) => (">", "asc"),
            Order::Descending(_) => ("<", "desc"),
        };
        if let Some(cursor) = cursor {
            values.extend(cursor::decode(cursor, &self.view, &self.order)?);
            conditions.push(format!(
                "({}) {after} ({})",
                self.order(""),
                vec!["?"; self.order.len()].join(", ")
            ));
        }
        values.push(limit.into());
        let text = format!("{} order by {} limit ?", self.text(&conditions), self.order(direction));
        Ok(Query { text, values })
    }

    /// Each row as a JSON object, and its place in the order as cursors hold it.
    fn text(&self, conditions: &[String]) -> String {
        let columns: Vec<_> = self.shows.visible().map(|it| format!("'{0}', [{0}]", it.name)).collect();
        let (columns, place) = (columns.join(", "), self.order(""));
        let (view, table) = (&self.view, self.shows.table);
        let conditions = if conditions.is_empty() { "true".into() } else { conditions.join(" and ") };
        format!(
            "select json_object({columns}), json_array('{view}', {place}) from [{table}] where {conditions}"
        )
    }

    fn order(&self, direction: &str) -> String {
        let columns: Vec<_> = self.order.iter().map(|it| format!("[{}] {direction}", it.name)).collect();
        columns.join(", ")
    }

    fn filter(&self, name: &str) -> Result<&'static Column, ViewError> {
        let filters = self.shows.filters;
        let filter = filters.iter().find(|filter| **filter == name).map(|name| shown(&self.shows, name));
        filter.ok_or_else(|| {
            let known: Vec<_> = filters.iter().map(|filter| format!("`{filter}`")).collect();
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            ViewError::Invalid(format!("`{name}` is no filter of this view; it has {known}."))
        })
    }
}

fn shown(shows: &Shows, name: &str) -> &'static Column {
    shows.column(name).expect("the catalog refuses keys, orders and filters that are not shown")
}
