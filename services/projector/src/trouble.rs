//! Why a view stops for a while.

use annals_core::{CommitError, Position, Unreadable};
use annals_nats::LogError;
use annals_sqlite::ViewError;
use thiserror::Error;

/// What is in the way.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// The log is away, or deliveries were lost: follow again from the checkpoint.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Nothing has been delivered although there is something.
    #[error("the consumer is silent, and the log has more")]
    Silent,
    /// An event that this view cannot handle: other views go on.
    #[error("position {position}: {reason}")]
    Event { position: Position, reason: String },
    /// The view's file.
    #[error(transparent)]
    View(#[from] ViewError),
}

impl Trouble {
    pub(crate) fn unreadable(position: Position, error: &Unreadable) -> Self {
        Self::Event { position, reason: error.to_string() }
    }

    pub(crate) fn malformed(position: Position, error: &CommitError) -> Self {
        Self::Event { position, reason: error.to_string() }
    }
}
