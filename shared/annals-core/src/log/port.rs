//! What every log does, on a server or in memory.

use std::future::Future;

use bytes::Bytes;
use thiserror::Error;
use uuid::Uuid;

use super::{Entry, EntryBody, Hash, Head, SUBJECT, header};
use crate::Position;

/// Keeps messages for ever, in one order. Cheap to clone; clones share it.
pub trait Log: Clone + Send + Sync + 'static {
    /// How it is followed.
    type Tail: Tail;

    /// Its id, drawn when it was made.
    fn id(&self) -> Uuid;

    /// How often it has been out of sight. When it comes back it may be another one, or shorter.
    fn losses(&self) -> u64 {
        0
    }

    /// Stores an entry, if the last message on the chain's subject stands at `expected`. One attempt: an error may
    /// leave open whether it was stored.
    fn append(
        &self,
        draft: &Draft,
        expected: Position,
    ) -> impl Future<Output = Result<Position, AppendError>> + Send;

    /// Up to `limit` messages after a position, oldest first, as the leader has them: nothing acknowledged is
    /// missing. For a few messages; to read many, follow the log.
    fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<LogMessage>, LogError>> + Send;

    /// The first message after a position on the chain's subject, as the leader has it.
    fn next_of_chain(
        &self,
        after: Position,
    ) -> impl Future<Output = Result<Option<LogMessage>, LogError>> + Send;

    /// The message at a position, if there is one.
    fn get(&self, position: Position) -> impl Future<Output = Result<Option<LogMessage>, LogError>> + Send;

    /// Whether what the leader says of the log's end is proof that nothing acknowledged lies behind it. A leader that
    /// was cut off from its followers may go on answering for a while: then only what is stored proves something.
    fn end_is_proof(&self) -> bool;

    /// The position of the last message, as the leader has it; 0 if there is none.
    fn end(&self) -> impl Future<Output = Result<Position, LogError>> + Send;

    /// Follows the log after a position. `name` names the reader, for people who look at the server.
    fn tail(&self, name: &str, after: Position) -> impl Future<Output = Result<Self::Tail, LogError>> + Send;
}

/// Messages of a log, in order and without gaps, as they come.
pub trait Tail: Send {
    /// Waits for messages and gives those that are there: at least one, and no more once they reach `bytes`.
    /// Nothing is lost when it is given up while it waits.
    ///
    /// # Errors
    /// When nothing more will come: follow again.
    fn next(&mut self, bytes: usize) -> impl Future<Output = Result<Vec<LogMessage>, LogError>> + Send;

    /// Tells the server that everything up to a position has been dealt with, so that people see how far the
    /// reader is. It may get lost; checkpoints decide.
    fn acknowledge(&mut self, position: Position) -> impl Future<Output = ()> + Send;

    /// Ends it, and leaves nothing of it on the server.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A message at its place, which may or may not be an entry.
#[derive(Debug, Clone)]
pub struct LogMessage {
    /// Its place in the log.
    pub position: Position,
    /// Its subject.
    pub subject: String,
    /// Those headers that concern entries, by name; a name may stand there more than once.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Bytes,
}

/// An entry that is to be stored.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Drawn for each decided entry: tells it from another one with the same body.
    pub id: Uuid,
    /// The entry that it follows.
    pub previous: Head,
    /// Its own hash.
    pub hash: Hash,
    /// Its body.
    pub body: Bytes,
    commits: usize,
    events: u32,
}

/// The message id, which tells whose an entry is.
pub(crate) const MESSAGE_ID: &str = "Nats-Msg-Id";

/// Why an entry was not stored, as far as one attempt can tell.
#[derive(Debug, Clone, Error)]
pub enum AppendError {
    /// The log says that its last message is another one. Proof is a message after the expected one.
    #[error("the log has moved on")]
    Conflict,
    /// It may have been stored all the same.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// The log does not take it: a full disk, say.
    #[error("the log does not take it: {0}")]
    Rejected(String),
}

/// A fault of the log. It is no answer to the question that was asked.
#[derive(Debug, Clone, Error)]
pub enum LogError {
    /// The log cannot be reached.
    #[error("the log is not available: {0}")]
    Unavailable(String),
    /// The connection was lost: follow again.
    #[error("the connection to the log was lost")]
    Disconnected,
}

impl Draft {
    /// What is in `body`, to be stored after `previous`. The id is drawn for each decided entry.
    #[must_use]
    pub fn new(id: Uuid, previous: Head, body: EntryBody) -> Self {
        let (commits, events) = (body.commits(), body.events());
        let body = Bytes::from(body.finish());
        Self { id, previous, hash: previous.hash.after(&body), body, commits, events }
    }

    /// The head once it is stored.
    #[must_use]
    pub fn head(&self, position: Position) -> Head {
        Head { position, hash: self.hash }
    }

    /// Its headers, by name.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            (header::ENTRY, Entry::FORMAT.into()),
            (header::PREVIOUS, self.previous.to_string()),
            (header::HASH, self.hash.to_string()),
            (header::COMMITS, self.commits.to_string()),
            (header::EVENTS, self.events.to_string()),
            (MESSAGE_ID, self.id.to_string()),
        ]
    }
}

impl LogMessage {
    /// The value of a header that stands there exactly once.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value.as_str())
    }

    /// Whether this is the entry of a head that was read before.
    #[must_use]
    pub fn is_at(&self, head: Head) -> bool {
        self.position == head.position && self.header(header::HASH) == Some(head.hash.to_string().as_str())
    }

    /// Whether this is the entry that was to be stored.
    #[must_use]
    pub fn is(&self, draft: &Draft) -> bool {
        self.subject == SUBJECT && self.header(MESSAGE_ID) == Some(draft.id.to_string().as_str())
    }
}
