//! Why a read model stops for a while.

use annals_core::{
    Position,
    log::{LogError, ReadError},
};
use annals_nats::StreamError;
use annals_sqlite::{Fault, ViewError};
use thiserror::Error;

use crate::status::Blocker;

/// What is in the way.
#[derive(Debug, Error)]
pub(crate) enum ProjectionError {
    /// The log is away: follow again from the checkpoint.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The stream has settings that would lose events.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The log was restored from a backup, or is another one.
    #[error("the log ends at {end}, before what has been applied")]
    Shortened { end: Position },
    /// What comes next is not what the log should hold: no read model goes on.
    #[error("{0}")]
    Unreadable(ReadError),
    /// An event that this read model cannot handle: others go on.
    #[error("position {position}: {reason}")]
    Event { position: Position, reason: String },
    /// A defect: the reader ended without saying why.
    #[error("the reader of the log has panicked")]
    ReaderPanicked,
    /// The file.
    #[error(transparent)]
    File(#[from] ViewError),
    /// A query has found that the file is not sound.
    #[error("the file cannot be read")]
    Corrupt,
}

impl ProjectionError {
    /// A failed write: because of the event, or of the file.
    pub(crate) fn writing(position: Position, error: ViewError) -> Self {
        match error.fault() {
            Fault::Request => Self::Event { position, reason: error.to_string() },
            Fault::Surroundings | Fault::File => Self::File(error),
        }
    }

    /// Whether only opening the file again can help.
    pub(crate) fn must_reopen(&self) -> bool {
        match self {
            Self::File(error) => error.fault() == Fault::File,
            Self::Corrupt => true,
            Self::Log(_)
            | Self::Stream(_)
            | Self::Shortened { .. }
            | Self::Unreadable(_)
            | Self::Event { .. }
            | Self::ReaderPanicked => false,
        }
    }

    /// Whether the file holds something that must not be opened again, however sound it looks.
    pub(crate) fn is_damage(&self) -> bool {
        self.must_reopen() && !matches!(self, Self::File(ViewError::FileReplaced))
    }

    /// What queries are answered meanwhile. The log is no blocker: it is back when it is back.
    pub(crate) fn blocker(&self) -> Option<Blocker> {
        match self {
            Self::Unreadable(_) | Self::Event { .. } | Self::ReaderPanicked => {
                Some(Blocker::Event(self.to_string()))
            }
            Self::File(_) | Self::Corrupt => Some(Blocker::File(self.to_string())),
            Self::Log(_) | Self::Stream(_) | Self::Shortened { .. } => None,
        }
    }
}

impl From<ReadError> for ProjectionError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Log(error) => Self::Log(error),
            error @ (ReadError::Stop(_) | ReadError::Entry(_)) => Self::Unreadable(error),
        }
    }
}
