//! Events of the whole log, by what they are and where they come from.

use std::collections::HashMap;

use annals_core::{Position, event_id};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Sqlite, Transaction};
use uuid::Uuid;

use super::{Address, EventsIndex, checkpoint::signed, streams::first_entry_after};
use crate::ViewError;

/// Which events: those that pass every filter that is given.
#[derive(Debug, Clone, Default)]
pub struct EventsFilter {
    /// Of one of these types, each with its category.
    pub types: Option<Vec<(String, String)>>,
    /// Of aggregates of this category.
    pub category: Option<String>,
    /// Of this correlation id.
    pub correlation_id: Option<Uuid>,
    /// Caused by this command or event.
    pub causation_id: Option<Uuid>,
    /// Recorded after this.
    pub since: Option<Timestamp>,
}

/// Bound to every part of a query: after an address (?1) and before another (?2), recorded after a time (?3).
const RANGE: &str = "address > ?1 and address < ?2 and recorded_at > ?3";

impl EventsIndex {
    /// At most `limit` events after an address, up to a position, in the order of the log.
    pub async fn events(
        &self,
        filter: &EventsFilter,
        after: Address,
        until: Option<Position>,
        limit: u32,
    ) -> Result<Vec<Address>, ViewError> {
        let mut transaction = self.inner.readers.begin().await?;
        let types = filter.type_numbers(&mut transaction).await?;
        if types.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let mut after = signed(after);
        let mut since = i64::MIN;
        if let Some(time) = filter.since {
            since = time.as_microsecond();
            let Some(first) = first_entry_after(&mut transaction, since).await? else {
                return Ok(Vec::new());
            };
            after = after.max((first << 16) - 1);
        }
        let end = until.map_or(i64::MAX, |until| signed(until.saturating_add(1).saturating_mul(1 << 16)));

        let found = sqlx::query_scalar(AssertSqlSafe(filter.query(types.as_deref())));
        let found = found.bind(after).bind(end).bind(since).bind(i64::from(limit));
        let found = found.bind(filter.correlation_id).bind(filter.causation_id);
        let found: Vec<i64> = found.fetch_all(&mut *transaction).await?;
        Ok(found.into_iter().map(i64::cast_unsigned).collect())
    }

    /// Where the event of this id stands. Its command's id differs from it in the low 16 bits only, by the number of
    /// the event among those of the command.
    pub async fn event(&self, id: Uuid) -> Result<Option<Address>, ViewError> {
        const LOW: u128 = 0xffff;

        let (first, last) = (Uuid::from_u128(id.as_u128() & !LOW), Uuid::from_u128(id.as_u128() | LOW));
        let found = sqlx::query_as(
            "select command, address from events where command between ? and ? order by command, address",
        );
        let found: Vec<(Uuid, i64)> = found.bind(first).bind(last).fetch_all(&self.inner.readers).await?;
        let mut places: HashMap<(Uuid, i64), u16> = HashMap::new();
        for (command, address) in found {
            let place = places.entry((command, address >> 16)).or_default();
            if event_id(command, *place) == id {
                return Ok(Some(address.cast_unsigned()));
            }
            *place = place.wrapping_add(1);
        }
        Ok(None)
    }
}

impl EventsFilter {
    /// The numbers of the types that pass; none if all do.
    async fn type_numbers(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
    ) -> Result<Option<Vec<i64>>, ViewError> {
        if self.types.is_none() && self.category.is_none() {
            return Ok(None);
        }
        let all = sqlx::query_as(
            "select types.number, categories.name, types.name
                from types join categories on categories.number = category order by types.number",
        );
        let all: Vec<(i64, String, String)> = all.fetch_all(&mut **transaction).await?;
        let passes = |category: &str, name: &str| {
            let mut of = self.types.iter().flatten();
            (self.types.is_none() || of.any(|it| it.0 == category && it.1 == name))
                && self.category.as_deref().is_none_or(|wanted| wanted == category)
        };
        let passing = all.into_iter().filter(|(_, category, name)| passes(category, name));
        Ok(Some(passing.map(|(number, ..)| number).collect()))
    }

    /// Each part is a look-up in one index, in the order of the log, and SQLite merges them: none reads more than it
    /// shows, unless it is filtered further. Ids are rarer than types, so theirs comes first.
    fn query(&self, types: Option<&[i64]>) -> String {
        let of_causation = "(causation = ?6 or (causation is null and command = ?6))";
        let parts = if self.correlation_id.is_some() {
            let further = self.causation_id.map(|_| of_causation);
            by_id("correlation", "?5", further, types)
        } else if self.causation_id.is_some() {
            by_id("causation", "?6", None, types)
        } else if let Some(types) = types {
            let part = |number| format!("events indexed by events_by_type where type = {number} and {RANGE}");
            types.iter().map(part).collect()
        } else {
            vec![format!("events where {RANGE}")]
        };
        format!(
            "select address from {} order by address limit ?4",
            parts.join(" union all select address from ")
        )
    }
}

/// Those of which a column names the id, and those of the command of that id.
fn by_id(column: &str, id: &str, further: Option<&str>, types: Option<&[i64]>) -> Vec<String> {
    let mut conditions = String::from(RANGE);
    if let Some(further) = further {
        conditions = format!("{conditions} and {further}");
    }
    if let Some(types) = types {
        let types: Vec<_> = types.iter().map(i64::to_string).collect();
        conditions = format!("{conditions} and type in ({})", types.join(", "));
    }
    vec![
        format!("events indexed by events_by_{column} where {column} = {id} and {conditions}"),
        format!(
            "events indexed by events_by_command where command = {id} and {column} is null and {conditions}"
        ),
    ]
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::events_index::schema::TABLES;

    fn plan(filter: &EventsFilter, types: Option<&[i64]>) -> Vec<String> {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        let explained = format!("explain query plan {}", filter.query(types));
        let mut plan = connection.prepare(&explained).unwrap();
        let steps = plan.raw_query().mapped(|row| row.get(3));
        steps.collect::<Result<_, _>>().unwrap()
    }

    /// How many look-ups it takes.
    fn look_ups(filter: &EventsFilter, types: Option<&[i64]>) -> usize {
        let plan = plan(filter, types);
        let slow = |step: &String| step.starts_with("SCAN events") || step.contains("TEMP B-TREE");
        assert!(!plan.iter().any(slow), "{plan:#?}");
        plan.iter().filter(|step| step.starts_with("SEARCH events")).count()
    }

    #[test]
    fn every_filter_is_a_look_up_that_needs_no_sorting() {
        let types: Vec<_> = (1..100).collect();
        let id = Some(Uuid::nil());
        for (correlation_id, causation_id) in [(id, None), (None, id), (id, id)] {
            let filter = EventsFilter { correlation_id, causation_id, ..EventsFilter::default() };
            assert_eq!(look_ups(&filter, None), 2);
            assert_eq!(look_ups(&filter, Some(&types)), 2);
        }
        let filter = EventsFilter::default();
        assert_eq!(look_ups(&filter, None), 1);
        assert_eq!(look_ups(&filter, Some(&types)), types.len());
    }
}
