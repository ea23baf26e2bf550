//! Subjects. They are made of catalog names and UUIDs only, never of text from outside.

use annals_core::StreamId;
use uuid::Uuid;

/// Commands, for any instance of the command service.
pub(crate) const COMMANDS: &str = "commands.any";

/// What became of commands that were stored.
pub(crate) const STORED_COMMANDS: &str = "queries.command";

/// Where events are.
pub(crate) const INDEX: &str = "queries.events";

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
    format!("queries.view.{view}")
}
