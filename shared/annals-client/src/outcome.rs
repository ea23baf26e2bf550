//! What became of a command.

use annals_core::{Refused, bus::Accepted};

use crate::{Error, Problem};

/// The final answer to a command.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It was carried out, and is on disk; or it changed nothing, then there are no events.
    Accepted(Accepted),
    /// The aggregate says no. Nothing was stored.
    Refused(Refused),
    /// It could not be carried out. Nothing was stored: if that is not known, there is no outcome but
    /// [`Error::InDoubt`].
    Problem(Box<Problem>),
}

impl Outcome {
    /// What happened, for those to whom anything else is an error.
    ///
    /// # Errors
    /// When nothing was stored: [`Error::Refused`] or [`Error::Problem`].
    pub fn accepted(self) -> Result<Accepted, Error> {
        match self {
            Self::Accepted(accepted) => Ok(accepted),
            Self::Refused(refused) => Err(Error::Refused(refused)),
            Self::Problem(problem) => Err(Error::Problem(problem)),
        }
    }
}

impl From<Problem> for Outcome {
    fn from(problem: Problem) -> Self {
        problem.refused().map_or_else(|other| Self::Problem(Box::new(other)), Self::Refused)
    }
}
