//! What became of a command that was taken to be carried out later.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Fingerprint,
    bus::{CommandReply, Failure},
};

/// The outcome of one command, as it is kept for whoever asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome {
    /// Drawn when the command was taken. The same id may be given again, and gets another one.
    pub taken: Uuid,
    /// Which command it was.
    pub fingerprint: Fingerprint,
    /// What a client that waited would have been told.
    pub reply: CommandReply,
}

/// How far such a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It is on disk, and will be carried out.
    Pending,
    /// It was carried out, or changed nothing.
    Succeeded,
    /// It was turned down. Nothing is stored.
    Refused,
    /// It was tried for as long as it is worth.
    Failed,
}

impl Stage {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Outcome {
    /// Whether it changed something, so that the log bears it out whatever others say. A repeat of any
    /// other command is decided anew.
    #[must_use]
    pub fn is_in_the_log(&self) -> bool {
        self.reply.as_ref().is_ok_and(|accepted| !accepted.events.is_empty())
    }

    /// How it ended.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match &self.reply {
            Ok(_) => Stage::Succeeded,
            Err(failure) if failure.is_verdict() => Stage::Refused,
            Err(_) => Stage::Failed,
        }
    }
}

impl Failure {
    /// Whether it is an answer to the command, and no fault or conflict: it is not worth another try.
    ///
    /// A command that was checked when it was taken, and is unknown or invalid to whoever carries it
    /// out, has met another release: the next one to try may know it.
    #[must_use]
    pub fn is_verdict(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::VersionMismatch { .. }
            | Self::IdempotencyKeyReused
            | Self::PayloadTooLarge { .. } => true,
            Self::UnknownCategory
            | Self::UnknownCommand
            | Self::NotFound { .. }
            | Self::InvalidPayload { .. }
            | Self::InvalidQuery { .. }
            | Self::BeyondTheEnd { .. }
            | Self::CommandInFlight
            | Self::Conflict
            | Self::OutcomeUnknown
            | Self::Unavailable { .. }
            | Self::ProjectionBehind { .. }
            | Self::EventQuarantined { .. }
            | Self::InternalError { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn stage(failure: Failure) -> Stage {
        let fingerprint = Fingerprint::of("open", &json!({}));
        Outcome { taken: Uuid::nil(), fingerprint, reply: Err(failure) }.stage()
    }

    #[test]
    fn a_no_is_refused_and_a_fault_is_failed() {
        assert_eq!(stage(Failure::VersionMismatch { version: 3 }), Stage::Refused);
        assert_eq!(stage(Failure::IdempotencyKeyReused), Stage::Refused);
        assert_eq!(stage(Failure::Conflict), Stage::Failed);
        assert_eq!(stage(Failure::OutcomeUnknown), Stage::Failed);
        assert_eq!(stage(Failure::UnknownCommand), Stage::Failed, "another release may know it");
    }

    #[test]
    fn a_stage_is_named_as_it_is_written() {
        for stage in [Stage::Pending, Stage::Succeeded, Stage::Refused, Stage::Failed] {
            assert_eq!(json!(stage), stage.name());
        }
    }
}
