//! Random histories, and what holds after each of them.

use std::collections::BTreeMap;

use annals_core::StreamId;
use serde_json::{Map, Value};

use super::History;

/// A command that may be refused.
#[derive(Debug, Clone)]
pub struct Order {
    pub stream: StreamId,
    pub command: &'static str,
    pub data: Value,
}

/// Gives all these commands. Whatever is refused or changes nothing stores nothing, and a state that
/// was kept from commit to commit is the one that is folded anew.
pub fn after(orders: impl IntoIterator<Item = Order>) -> History {
    let mut history = History::new();
    let mut kept = BTreeMap::new();
    for Order { stream, command, data } in orders {
        let before = history.commits.len();
        let stored = history.give(&stream, command, &data);
        let changed = matches!(stored, Ok(Some(_)));
        assert_eq!(history.commits.len(), before + usize::from(changed), "{command} {data}");
        let Ok(Some(stored)) = stored else { continue };

        let category = history.catalog.category(&stream.category).unwrap();
        let state = kept.remove(&stream.to_string()).unwrap_or_else(|| category.blank());
        let state = category.fold(state, &stored).unwrap();
        assert_eq!(category.show(&state), category.show(&history.state(&stream)));
        kept.insert(stream.to_string(), state);
    }
    history
}

/// What happened, in order: position, aggregate, the event's type and its data. For folding by hand.
pub fn events(history: &History) -> impl Iterator<Item = (u64, &StreamId, &str, Map<String, Value>)> {
    history.commits.iter().flat_map(|stored| {
        stored.commit.events.iter().map(|event| {
            let data = serde_json::from_str(event.data.get()).unwrap();
            (stored.position, &stored.commit.stream, event.kind.as_str(), data)
        })
    })
}
