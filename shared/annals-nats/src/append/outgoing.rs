//! A commit as a message on its way.

use annals_core::{Commit, Position, TraceParent};
use async_nats::{HeaderMap, header, jetstream::message::PublishMessage};
use bytes::Bytes;
use tokio::{sync::oneshot, time::Instant};
use uuid::Uuid;

use super::Published;
use crate::{jetstream_log::DEADLINE, publish::Unpublished, subject};

/// A commit as a message, with the position at which its subject must stand.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub subject: String,
    pub expected: Position,
    id: Uuid,
    trace: Option<TraceParent>,
    payload: Bytes,
}

impl Outgoing {
    pub(crate) fn new(commit: &Commit, payload: Bytes, expected: Position) -> Self {
        let subject = subject::of_stream(&commit.stream);
        Self { subject, expected, id: commit.id, trace: commit.context.trace, payload }
    }

    /// What begins a stream, whatever it says.
    #[cfg(test)]
    pub(super) fn to(stream: &annals_core::StreamId, payload: Bytes) -> Self {
        let subject = subject::of_stream(stream);
        Self { subject, expected: 0, id: Uuid::now_v7(), trace: None, payload }
    }

    /// Bytes that a batch has to hold for it.
    pub(super) fn size(&self) -> usize {
        self.payload.len()
    }

    /// As a message of its own.
    pub(super) fn alone(&self) -> PublishMessage {
        PublishMessage::build().payload(self.payload.clone()).headers(self.headers())
    }

    /// As one of a batch.
    pub(super) fn within(&self, batch: &str, number: usize) -> (HeaderMap, Bytes) {
        let mut headers = self.headers();
        headers.insert("Nats-Batch-Id", batch);
        headers.insert("Nats-Batch-Sequence", number.to_string().as_str());
        (headers, self.payload.clone())
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::NATS_MESSAGE_ID, self.id.to_string().as_str());
        headers.insert(header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, self.expected.to_string().as_str());
        headers.insert("Content-Type", Commit::CONTENT_TYPE);
        if let Some(trace) = self.trace {
            headers.insert("traceparent", trace.to_string().as_str());
        }
        headers
    }
}

/// A message, and who waits to be told what became of it.
#[derive(Debug)]
pub(super) struct Waiting {
    pub message: Outgoing,
    /// Whether it must go alone, to be told what only it can be told.
    pub alone: bool,
    /// As long as an append is tried, which may be several departures that are not answered.
    until: Instant,
    told: oneshot::Sender<Result<Published, Unpublished>>,
}

impl Waiting {
    pub(super) fn new(message: Outgoing) -> (Self, oneshot::Receiver<Result<Published, Unpublished>>) {
        let (told, hears) = oneshot::channel();
        (Self { message, alone: false, until: Instant::now() + DEADLINE, told }, hears)
    }

    pub(super) fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// Whether nobody waits any more: whoever did has been told that the outcome is unknown.
    pub(super) fn is_given_up(&self) -> bool {
        self.told.is_closed()
    }

    /// Whether it has waited for too long to be sent.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() > self.until
    }

    /// Says what became of it.
    pub(super) fn tell(self, became: Result<Published, Unpublished>) {
        let _ = self.told.send(became); // or nobody waits any more
    }
}
