//! One message, one acknowledgement.

use annals_core::Position;
use async_nats::jetstream;
use tokio::time::timeout;

use super::Outgoing;
use crate::{connection::PATIENCE, publish::Unpublished};

/// Where a message is that is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// Here, just now.
    Now(Position),
    /// The server has seen its id before, in the message that is here.
    Before(Position),
}

#[cfg(test)]
impl Published {
    /// Where it is.
    pub(super) fn position(self) -> Position {
        let (Self::Now(position) | Self::Before(position)) = self;
        position
    }
}

/// Publishes it, and waits until it is on disk.
pub(super) async fn publish(
    jetstream: &jetstream::Context,
    outgoing: &Outgoing,
) -> Result<Published, Unpublished> {
    let sent = jetstream.send_publish(outgoing.subject.clone(), outgoing.alone());
    match timeout(PATIENCE, async { sent.await?.await }).await {
        Ok(Ok(ack)) if !ack.duplicate => Ok(Published::Now(ack.sequence)),
        Ok(Ok(ack)) => Ok(Published::Before(ack.sequence)),
        Ok(Err(error)) => Err(Unpublished::judge(&error)),
        Err(_) => Err(Unpublished::InDoubt("no acknowledgement".into())),
    }
}
