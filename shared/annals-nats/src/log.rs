//! The log: what every implementation of it does, on a server or in memory.

use std::future::Future;

use annals_core::{Commit, CommitError, Position, StoredCommit, StreamId, bus::Failure};
use thiserror::Error;

/// Keeps commits for ever, in one order.
pub trait Log: Send + Sync + 'static {
    /// Appends a commit to its stream, whose last commit must stand at `expected` (0 = none yet).
    ///
    /// A commit whose id is in the stream after `expected` is not stored again: it is answered as
    /// stored, also when other commits lie on top of it. A time-out decides nothing, so it is
    /// looked up before anything is answered.
    ///
    /// # Errors
    /// [`LogError::OutcomeUnknown`] if the log did not answer in time.
    fn append(
        &self,
        commit: &Commit,
        expected: Position,
    ) -> impl Future<Output = Result<Appended, LogError>> + Send;

    /// Reads up to `limit` commits of `scope` after a position, oldest first. May come from a
    /// replica that lags.
    ///
    /// # Errors
    /// When the log cannot be reached, or holds something that is not a commit.
    fn read(
        &self,
        scope: &Scope,
        after: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Page, LogError>> + Send;

    /// Reads all commits of a stream after a position from the leader: nothing acknowledged is missing.
    ///
    /// # Errors
    /// As for [`Log::read`].
    fn read_latest(
        &self,
        stream: &StreamId,
        after: Position,
    ) -> impl Future<Output = Result<Vec<StoredCommit>, LogError>> + Send;

    /// The position of the last commit of `scope`, from the leader; 0 if there is none.
    ///
    /// # Errors
    /// When the log cannot be reached.
    fn last(&self, scope: &Scope) -> impl Future<Output = Result<Position, LogError>> + Send;
}

/// A part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    All,
    /// All streams of one category.
    Category(String),
    /// One stream.
    Stream(StreamId),
}

/// What became of an append.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant)] // an append waits for a disk: moving 300 bytes is nothing
pub enum Appended {
    /// The commit is on disk.
    Stored(StoredCommit),
    /// It is not: these commits were stored after the expected position. None if they are very
    /// many, or if the expected position is not the stream's at all.
    Overtaken(Vec<StoredCommit>),
}

/// A stretch of the log.
#[derive(Debug, Clone)]
pub struct Page {
    /// The commits in scope, oldest first.
    pub commits: Vec<StoredCommit>,
    /// Everything in scope up to here is in the page, or was before it.
    pub reached: Position,
    /// Whether there is more after it.
    pub more: bool,
}

/// A fault of the log. It is no answer to the question that was asked.
#[derive(Debug, Clone, Error)]
pub enum LogError {
    /// Nothing was stored: the log cannot be reached, or does not take the commit.
    #[error("the log is not available: {0}")]
    Unavailable(String),
    /// The log did not answer in time, and may or may not have stored the commit.
    #[error("the log did not answer in time: {0}")]
    OutcomeUnknown(String),
    /// Not a commit, before it is stored or after.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

impl LogError {
    /// What whoever asked about the log is told. To ask changes nothing, so there is no doubt.
    #[must_use]
    pub fn unanswered(self) -> Failure {
        match self {
            Self::Commit(error) => Failure::EventQuarantined { detail: error.to_string() },
            Self::Unavailable(detail) | Self::OutcomeUnknown(detail) => Failure::Unavailable { detail },
        }
    }
}

/// What could not be asked has done nothing.
pub(crate) fn unavailable(error: impl std::fmt::Display) -> LogError {
    LogError::Unavailable(error.to_string())
}
