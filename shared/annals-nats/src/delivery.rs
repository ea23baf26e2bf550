//! A commit as a durable consumer delivers it.

use annals_core::{CommitError, Position, StoredCommit};
use async_nats::jetstream::Message;

/// One message from a durable consumer.
#[derive(Debug)]
pub struct Delivery {
    /// Its place in the log.
    pub position: Position,
    /// What it says, if it is a commit.
    pub stored: Result<StoredCommit, CommitError>,
    /// How often this consumer has delivered it, from 1.
    pub times: u64,
    /// Commits that the consumer had still to deliver after this one.
    pub pending: u64,
    /// Counts the consumer's deliveries: a number left out is a message lost on the way.
    pub(crate) number: u64,
    pub(crate) message: Message,
}

impl Delivery {
    /// `None` for a message that is not a delivery.
    pub(crate) fn new(message: Message) -> Option<Self> {
        let info = message.info().ok()?;
        let (position, number, pending) = (info.stream_sequence, info.consumer_sequence, info.pending);
        let times = u64::try_from(info.delivered).unwrap_or(1);
        let stored = StoredCommit::decode(position, &message.payload);
        Some(Self { position, stored, times, pending, number, message })
    }
}
