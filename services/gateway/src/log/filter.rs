//! Which part of the whole log a client wants to see.

use annals_core::{Catalog, EventRecord, StoredCommit, index::EventFilter};

use crate::{
    gateway::unknown,
    problem::{Code, Problem},
    query::Parameters,
};

/// The parameters that [`read`] knows.
pub const NAMES: [&str; 5] = ["type", "category", "correlation_id", "causation_id", "since"];

/// From `type=A,B&category=c&correlation_id=...&causation_id=...&since=...`: what is named must be there.
pub fn read(catalog: &Catalog, parameters: &Parameters) -> Result<EventFilter, Problem> {
    Ok(EventFilter {
        types: parameters.text("type").map(|types| read_types(catalog, types)).transpose()?,
        category: parameters.text("category").map(|name| read_category(catalog, name)).transpose()?,
        correlation_id: parameters.uuid("correlation_id")?,
        causation_id: parameters.uuid("causation_id")?,
        since: parameters.time("since")?,
    })
}

fn read_category(catalog: &Catalog, name: &str) -> Result<String, Problem> {
    let category = catalog.category(name).ok_or_else(|| {
        let known = catalog.categories().map(|category| category.name).collect();
        unknown(Code::InvalidQuery, "category", name, known)
    })?;
    Ok(category.name.into())
}

fn read_types(catalog: &Catalog, names: &str) -> Result<Vec<String>, Problem> {
    let known = || catalog.categories().flat_map(|category| category.events.keys()).map(String::as_str);
    names
        .split(',')
        .map(|name| match known().find(|kind| *kind == name) {
            Some(kind) => Ok(kind.to_owned()),
            None => Err(unknown(Code::InvalidQuery, "event type", name, known().collect())),
        })
        .collect()
}

/// Whether an event is what the index would find, too.
pub fn passes(filter: &EventFilter, stored: &StoredCommit, record: &EventRecord) -> bool {
    let EventFilter { types, category, correlation_id, causation_id, since } = filter;
    let commit = &stored.commit;
    types.as_ref().is_none_or(|types| types.contains(&record.kind))
        && category.as_ref().is_none_or(|category| *category == commit.stream.category)
        && correlation_id.is_none_or(|id| id == commit.context.correlation_id)
        && causation_id.is_none_or(|id| id == commit.context.causation_id)
        && since.is_none_or(|since| commit.recorded_at > since)
}
