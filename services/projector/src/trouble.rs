//! Why a view stops for a while.

use std::panic::{AssertUnwindSafe, catch_unwind};

use annals_core::{Position, Projection};
use annals_nats::{Delivery, LogError, NotFollowing};
use annals_sqlite::{Change, Fault, ViewError};
use thiserror::Error;

use crate::progress::InTheWay;

/// What is in the way.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// Nothing more is delivered: follow again from the checkpoint.
    #[error(transparent)]
    NotFollowing(#[from] NotFollowing),
    /// The log is away.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Nothing has been delivered although there is something.
    #[error("the consumer is silent, and the log has more")]
    Silent,
    /// The log was restored from a backup, or is another one.
    #[error("the log ends at {end}, before what this view has applied")]
    Shortened { end: Position },
    /// An event that this view cannot handle: other views go on.
    #[error("position {position}: {reason}")]
    Event { position: Position, reason: String },
    /// The view's file.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A reader has seen that the file is not sound.
    #[error("the view's file cannot be read")]
    Unsound,
}

impl Trouble {
    /// A failed write: the event's doing, or the file's.
    pub(crate) fn writing(position: Position, error: ViewError) -> Self {
        match error.fault() {
            Fault::Request => Self::Event { position, reason: error.to_string() },
            Fault::Surroundings | Fault::File => Self::View(error),
        }
    }

    /// Whether only opening the view again can help.
    pub(crate) fn is_of_the_file(&self) -> bool {
        match self {
            Self::View(error) => error.fault() == Fault::File,
            Self::Unsound => true,
            Self::NotFollowing(_)
            | Self::Log(_)
            | Self::Silent
            | Self::Shortened { .. }
            | Self::Event { .. } => false,
        }
    }

    /// Whether the file holds something that must not be opened again, however sound it looks.
    pub(crate) fn is_damage(&self) -> bool {
        self.is_of_the_file() && !matches!(self, Self::View(ViewError::Moved))
    }

    /// What those who ask are told. The log is nothing to be told of: it is back when it is back.
    pub(crate) fn in_the_way(&self) -> Option<InTheWay> {
        match self {
            Self::Event { .. } => Some(InTheWay::Event(self.to_string())),
            Self::View(_) | Self::Unsound => Some(InTheWay::File(self.to_string())),
            Self::NotFollowing(_) | Self::Log(_) | Self::Silent | Self::Shortened { .. } => None,
        }
    }
}

/// Says how a delivered commit changes the view. A projection that panics stops its own view only.
pub(crate) fn project(projection: &Projection, delivery: &Delivery) -> Result<Change, Trouble> {
    let in_the_way = |reason: String| Trouble::Event { position: delivery.position, reason };
    let stored = delivery.stored.as_ref().map_err(|error| in_the_way(error.to_string()))?;
    match catch_unwind(AssertUnwindSafe(|| Change::of(projection, stored))) {
        Ok(Ok(change)) => Ok(change),
        Ok(Err(error)) => Err(in_the_way(error.to_string())),
        Err(_) => Err(in_the_way("the projection panicked".into())),
    }
}
