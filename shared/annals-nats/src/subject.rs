//! Subjects. They are made of catalog names and UUIDs only, never of text from outside.

use annals_core::StreamId;
use uuid::Uuid;

use crate::Scope;

/// Everything that a stream of events holds.
pub(crate) const ALL_EVENTS: &str = "events.>";

pub(crate) fn of_stream(stream: &StreamId) -> String {
    format!("events.{}.{}", stream.category, stream.id)
}

pub(crate) fn of_category(category: &str) -> String {
    format!("events.{category}.*")
}

/// Nothing else is in the log, and `>` spares the server to look at every subject that it knows: with
/// `events.>` the end of a page, or of the log, costs time with the number of aggregates.
const WHATEVER_IS_THERE: &str = ">";

pub(crate) fn of_scope(scope: &Scope) -> String {
    match scope {
        Scope::All => WHATEVER_IS_THERE.into(),
        Scope::Category(category) => of_category(category),
        Scope::Stream(stream) => of_stream(stream),
    }
}

pub(crate) fn of_command(stream: &StreamId) -> String {
    format!("commands.{}.{}", stream.category, stream.id)
}

/// Everything that the queue of commands holds.
pub(crate) const ALL_WAITING: &str = "commands-async.*.*.*";

/// One command that waits. Its id is part of the subject, so that it can be found, and waits once only.
pub(crate) fn of_waiting(stream: &StreamId, command: Uuid) -> String {
    format!("commands-async.{}.{}.{command}", stream.category, stream.id)
}

/// Wherever it is to go.
pub(crate) fn of_any_waiting(command: Uuid) -> String {
    format!("commands-async.*.*.{command}")
}

pub(crate) fn of_reactor(reactor: &str) -> String {
    format!("queries.reactor.{reactor}")
}

pub(crate) fn of_view(view: &str) -> String {
    format!("queries.{view}")
}
