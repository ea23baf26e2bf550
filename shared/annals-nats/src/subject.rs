//! Subjects. They are made of catalog names and UUIDs only, never of text from outside.

use annals_core::StreamId;

use crate::Scope;

/// Everything that a stream of events holds.
pub(crate) const ALL_EVENTS: &str = "events.>";

pub(crate) fn of_stream(stream: &StreamId) -> String {
    format!("events.{}.{}", stream.category, stream.id)
}

pub(crate) fn of_category(category: &str) -> String {
    format!("events.{category}.*")
}

pub(crate) fn of_scope(scope: &Scope) -> String {
    match scope {
        Scope::All => ALL_EVENTS.into(),
        Scope::Category(category) => of_category(category),
        Scope::Stream(stream) => of_stream(stream),
    }
}

pub(crate) fn of_command(stream: &StreamId) -> String {
    format!("commands.{}.{}", stream.category, stream.id)
}

pub(crate) fn of_reactor(reactor: &str) -> String {
    format!("queries.reactor.{reactor}")
}

pub(crate) fn of_view(view: &str) -> String {
    format!("queries.{view}")
}
