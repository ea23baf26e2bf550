//! What can go wrong, and what is safe to repeat.

use std::time::Duration;

use annals_core::Refused;
use thiserror::Error;

use crate::Problem;

/// Why there is no answer, or not the one that was hoped for.
#[derive(Debug, Error)]
pub enum Error {
    /// The gateway said what is wrong. Nothing was stored.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// The aggregate said no. Nothing was stored.
    #[error("{}: {}", .0.reason, .0.detail)]
    Refused(Refused),
    /// A command may have been carried out, or be carried out yet.
    #[error("the command may have been carried out; it can be given again under {}: {cause}", named(key.as_deref()))]
    InDoubt {
        /// Its idempotency key. Under this key it is carried out once, however often it is given. None if
        /// it was asked for by its id, [`crate::Client::command`], without the key.
        key: Option<String>,
        /// What came instead of an answer.
        #[source]
        cause: Box<Error>,
    },
    /// The connection was lost, or could not be made.
    #[error("no answer: {0}")]
    Lost(#[source] reqwest::Error),
    /// There is nothing that could be sent, such as an idempotency key with a line break in it.
    #[error("the request cannot be sent: {0}")]
    Unsendable(#[source] reqwest::Error),
    /// There was no answer in time.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// Something answered that is not Annals, such as a proxy.
    #[error("{status} from something that is not Annals: {text}")]
    Foreign {
        /// The HTTP status.
        status: u16,
        /// What it said.
        text: String,
    },
    /// The answer does not fit the type that was asked for.
    #[error("the answer does not fit: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// Requests cannot be sent there.
    #[error("`{0}` is not the address of a gateway")]
    Address(String),
}

/// What may be done about an [`Error`](enum@Error).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat<'a> {
    /// Nothing was done. The same may be answered better later.
    Later,
    /// It may have been done: again only with this idempotency key ([`crate::Give::key`]), which keeps it
    /// from being done twice.
    UnderKey(&'a str),
    /// The same, but only whoever gave it knows the key.
    UnderItsKey,
    /// Nothing was done, and the same would be answered the same until something else changes.
    InVain,
}

impl Error {
    /// What is safe to repeat.
    #[must_use]
    pub fn repeat(&self) -> Repeat<'_> {
        if let Self::InDoubt { key, .. } = self {
            return key.as_deref().map_or(Repeat::UnderItsKey, Repeat::UnderKey);
        }
        if self.is_passing() { Repeat::Later } else { Repeat::InVain }
    }

    /// Whether another attempt may do better in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.is_passing(),
            Self::Lost(_) | Self::TimedOut(_) => true,
            Self::Foreign { status, .. } => matches!(status, 429 | 502 | 503 | 504),
            Self::Refused(_)
            | Self::InDoubt { .. }
            | Self::Unsendable(_)
            | Self::Unreadable(_)
            | Self::Address(_) => false,
        }
    }

    /// Whether a command that was answered so may have been carried out all the same.
    pub(crate) fn leaves_doubt(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.leaves_doubt(),
            Self::Lost(error) => !error.is_connect(), // without a connection nothing was sent
            Self::Foreign { status, .. } => *status < 300 || *status >= 500,
            Self::TimedOut(_) | Self::Unreadable(_) | Self::InDoubt { .. } => true,
            Self::Refused(_) | Self::Unsendable(_) | Self::Address(_) => false,
        }
    }

    /// None, if this says that there is no such thing.
    pub(crate) fn unless_not_found<T>(self) -> Result<Option<T>, Self> {
        let there_is_none = matches!(&self, Self::Problem(problem) if problem.code == "not-found");
        if there_is_none { Ok(None) } else { Err(self) }
    }

    /// When to come back, if that was said.
    pub(crate) fn retry_after(&self) -> Duration {
        let Self::Problem(problem) = self else { return Duration::ZERO };
        problem.retry_after.unwrap_or_default()
    }
}

impl From<reqwest::Error> for Error {
    fn from(error: reqwest::Error) -> Self {
        if error.is_builder() { Self::Unsendable(error) } else { Self::Lost(error) }
    }
}

fn named(key: Option<&str>) -> String {
    key.map_or_else(|| "its key".into(), |key| format!("the key `{key}`"))
}
