//! What is answered to the one who gave a command.

use annals_core::{
    CommitError, EventView, Rejection, StoredCommit,
    bus::{Accepted, CommandRequest, Failure},
};
use annals_nats::LogError;

use crate::aggregate::Aggregate;

/// A commit as an answer.
pub(crate) fn accepted(stored: &StoredCommit) -> Accepted {
    Accepted {
        command_id: stored.commit.id,
        category: stored.commit.stream.category.clone(),
        id: stored.commit.stream.id,
        version: stored.commit.version(),
        position: stored.position,
        events: EventView::all(stored),
        replayed: false,
    }
}

/// The same to the one who gave the command again.
pub(crate) fn replayed(stored: &StoredCommit) -> Accepted {
    Accepted { replayed: true, ..accepted(stored) }
}

/// Nothing had to happen.
pub(crate) fn unchanged(aggregate: &Aggregate, request: &CommandRequest) -> Accepted {
    Accepted {
        command_id: request.id,
        category: request.stream.category.clone(),
        id: request.stream.id,
        version: aggregate.version,
        position: aggregate.position,
        events: Vec::new(),
        replayed: false,
    }
}

/// Why nothing happens.
pub(crate) fn rejected(rejection: Rejection) -> Failure {
    match rejection {
        Rejection::UnknownCommand => Failure::UnknownCommand,
        Rejection::Invalid(errors) => Failure::InvalidPayload { errors },
        Rejection::Refused(refused) => Failure::Refused(refused),
        Rejection::Defect(unreadable) => Failure::InternalError { detail: unreadable.to_string() },
    }
}

/// What a fault of the log means to the one who gave the command.
pub(crate) fn fault(error: LogError) -> Failure {
    match error {
        LogError::OutcomeUnknown(_) => Failure::OutcomeUnknown,
        LogError::Unavailable(detail) => Failure::Unavailable { detail },
        LogError::Commit(CommitError::TooLarge { bytes }) => Failure::PayloadTooLarge { bytes },
        LogError::Commit(error @ (CommitError::Empty | CommitError::Malformed { .. })) => {
            Failure::EventQuarantined { detail: error.to_string() }
        }
    }
}
