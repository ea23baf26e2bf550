//! What a durable consumer delivers: a commit, or a command that waits to be carried out.

use annals_core::{CommitError, Position, StoredCommit, bus::CommandRequest};
use async_nats::{header::HeaderMap, jetstream::Message};
use jiff::Timestamp;
use tokio::time::timeout;
use tracing::debug;
use uuid::Uuid;

use crate::connection::PATIENCE;

/// What a message can say.
pub trait Content: Sized + Send + 'static {
    /// Why it says something else.
    type Error: std::error::Error + Send;

    /// Reads the message that is stored at this position.
    ///
    /// # Errors
    /// When it says something else.
    fn read(position: Position, payload: &[u8]) -> Result<Self, Self::Error>;
}

impl Content for StoredCommit {
    type Error = CommitError;

    fn read(position: Position, payload: &[u8]) -> Result<Self, CommitError> {
        Self::decode(position, payload)
    }
}

impl Content for CommandRequest {
    type Error = serde_json::Error;

    fn read(_: Position, payload: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(payload)
    }
}

/// One message from a durable consumer.
#[derive(Debug)]
pub struct Delivery<T: Content = StoredCommit> {
    /// Its place in the log, or in the queue.
    pub position: Position,
    /// What it says, if it can be read.
    pub stored: Result<T, T::Error>,
    /// When the server stored it, by its clock.
    pub at: Timestamp,
    /// How often this consumer has delivered it, from 1.
    pub times: u64,
    /// Messages that the consumer had still to deliver after this one.
    pub pending: u64,
    /// Counts the consumer's deliveries: a number left out is a message lost on the way.
    pub(crate) number: u64,
    pub(crate) message: Message,
}

impl<T: Content> Delivery<T> {
    /// `None` for a message that is not a delivery.
    pub(crate) fn new(message: Message) -> Option<Self> {
        let info = message.info().ok()?;
        let (position, number, pending) = (info.stream_sequence, info.consumer_sequence, info.pending);
        let times = u64::try_from(info.delivered).unwrap_or(1);
        let at = Timestamp::from_nanosecond(info.published.unix_timestamp_nanos()).ok()?;
        let stored = T::read(position, &message.payload);
        Some(Self { position, stored, at, times, pending, number, message })
    }

    /// What it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.message.payload.len()
    }
}

impl Delivery {
    /// Tells the server that everything up to this one has been dealt with. It may get lost.
    pub async fn acknowledge(&self) {
        match timeout(PATIENCE, self.message.ack()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "acknowledgement not sent"),
            Err(_) => debug!("acknowledgement not sent: the connection takes nothing"),
        }
    }
}

/// What was drawn when a command was put into the queue. Positions would not do: they begin anew when the
/// queue is made again.
pub(crate) const TAKEN: &str = "Annals-Taken";

impl Delivery<CommandRequest> {
    /// What was drawn when the command was taken, so that it can be told from an earlier one with its id.
    /// One that somebody else has put there is like no other: it gets a new one each time.
    #[must_use]
    pub fn taken(&self) -> Uuid {
        let headers = self.message.headers.as_ref();
        headers.and_then(taken).unwrap_or_else(Uuid::new_v4)
    }
}

pub(crate) fn taken(headers: &HeaderMap) -> Option<Uuid> {
    headers.get(TAKEN)?.as_str().parse().ok()
}
