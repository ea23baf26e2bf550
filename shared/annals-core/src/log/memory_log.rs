//! The log in memory: for tests of what stands on a log.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use bytes::Bytes;
use uuid::Uuid;

use super::{AppendError, Draft, Log, LogError, LogMessage, SUBJECT, Tail};
use crate::Position;

/// Keeps messages as a server would, and forgets them with the process. Clones share them.
#[derive(Debug, Clone)]
pub struct MemoryLog {
    id: Uuid,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    messages: Vec<LogMessage>,
    waiting: Vec<Waker>,
    /// What the next appends answer instead of the truth.
    trouble: VecDeque<Trouble>,
}

/// What may happen to an append on a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is stored, and the acknowledgement is lost.
    AcknowledgementLost,
    /// It is lost on the way.
    Lost,
}

/// Follows a [`MemoryLog`].
#[derive(Debug)]
pub struct MemoryTail {
    log: MemoryLog,
    after: Position,
}

impl MemoryLog {
    /// An empty log.
    #[must_use]
    pub fn new(id: Uuid) -> Self {
        Self { id, inner: Arc::default() }
    }

    /// Lets the next appends go wrong, in this order.
    pub fn trouble(&self, trouble: impl IntoIterator<Item = Trouble>) {
        self.lock().trouble.extend(trouble);
    }

    /// Stores a message past all rules, as anybody could who may publish.
    pub fn publish(&self, subject: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Position {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        self.lock().store(subject, headers, body.into())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn store(&mut self, subject: &str, headers: Vec<(String, String)>, body: Bytes) -> Position {
        let position = self.messages.len() as Position + 1;
        self.messages.push(LogMessage { position, subject: subject.into(), headers, body });
        self.waiting.drain(..).for_each(Waker::wake);
        position
    }

    fn last_of_chain(&self) -> Position {
        let last = self.messages.iter().rev().find(|message| message.subject == SUBJECT);
        last.map_or(0, |message| message.position)
    }

    fn after(&self, after: Position) -> &[LogMessage] {
        let from = usize::try_from(after).unwrap_or(usize::MAX);
        self.messages.get(from..).unwrap_or_default()
    }
}

impl Log for MemoryLog {
    type Tail = MemoryTail;

    fn id(&self) -> Uuid {
        self.id
    }

    async fn append(&self, draft: &Draft, expected: Position) -> Result<Position, AppendError> {
        let mut inner = self.lock();
        let trouble = inner.trouble.pop_front();
        if trouble == Some(Trouble::Lost) {
            return Err(AppendError::Unknown("lost on the way".into()));
        }
        if inner.last_of_chain() != expected {
            return Err(AppendError::Conflict);
        }
        let headers = draft.headers().into_iter().map(|(name, value)| (name.into(), value)).collect();
        let position = inner.store(SUBJECT, headers, draft.body.clone());
        match trouble {
            Some(Trouble::AcknowledgementLost) => Err(AppendError::Unknown("no acknowledgement".into())),
            Some(Trouble::Lost) | None => Ok(position),
        }
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<LogMessage>, LogError> {
        Ok(self.lock().after(after).iter().take(limit).cloned().collect())
    }

    async fn next_of_chain(&self, after: Position) -> Result<Option<LogMessage>, LogError> {
        Ok(self.lock().after(after).iter().find(|message| message.subject == SUBJECT).cloned())
    }

    async fn get(&self, position: Position) -> Result<Option<LogMessage>, LogError> {
        Ok(self.lock().after(position.saturating_sub(1)).first().cloned())
    }

    fn end_is_proof(&self) -> bool {
        true
    }

    async fn end(&self) -> Result<Position, LogError> {
        Ok(self.lock().messages.len() as Position)
    }

    async fn tail(&self, _: &str, after: Position) -> Result<MemoryTail, LogError> {
        Ok(MemoryTail { log: self.clone(), after })
    }
}

impl Tail for MemoryTail {
    async fn next(&mut self, bytes: usize) -> Result<Vec<LogMessage>, LogError> {
        let messages = poll_fn(|context| {
            let mut inner = self.log.lock();
            let mut taken = 0;
            let more = |message: &&LogMessage| {
                let more = taken < bytes;
                taken += message.body.len();
                more
            };
            let messages: Vec<_> = inner.after(self.after).iter().take_while(more).cloned().collect();
            if messages.is_empty() {
                inner.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(messages)
        })
        .await;
        self.after = messages.last().map_or(self.after, |message| message.position);
        Ok(messages)
    }

    async fn acknowledge(&mut self, _: Position) {}

    async fn close(self) {}
}

#[cfg(test)]
#[path = "memory_log_tests.rs"]
mod tests;
