//! A message in the hands of a worker.

use std::{convert::Infallible, time::Duration};

use async_nats::jetstream::AckKind;
use tokio::time::sleep;
use tracing::{debug, warn};

use annals_core::StoredCommit;

use crate::{Content, Delivery, jetstream_log::within};

/// A message that somebody is to deal with: a commit that wakes a reactor, or a command. Unless somebody
/// is [working](Wake::working) on it, it comes again after [`Wake::PATIENCE`], to whichever instance.
#[derive(Debug)]
pub struct Wake<T: Content = StoredCommit> {
    /// The message.
    pub delivery: Delivery<T>,
}

impl Wake {
    /// How long the server waits for a sign of life before it gives the message to another.
    pub const PATIENCE: Duration = Duration::from_secs(2);
}

/// Between two signs of life: two of them may get lost.
const SIGN: Duration = Duration::from_millis(500);

impl<T: Content> Wake<T> {
    /// Does `work`, and tells the server all the while that somebody does.
    pub async fn working<D>(&self, work: impl Future<Output = D>) -> D {
        tokio::select! {
            done = work => done,
            never = self.show_life() => match never {},
        }
    }

    async fn show_life(&self) -> Infallible {
        loop {
            sleep(SIGN).await;
            self.tell(AckKind::Progress).await;
        }
    }

    /// Dealt with. Waits until the server knows, so that a clean stop repeats nothing.
    pub async fn settle(self) {
        let position = self.delivery.position;
        let known = within(self.delivery.message.double_ack()).await;
        if let Some(error) =
            known.map_or_else(|it| Some(it.to_string()), |it| it.err().map(|it| it.to_string()))
        {
            warn!(position, error, "settled, but the server does not know: it will come again");
        }
    }

    /// There was nothing to be done about it.
    pub(crate) async fn pass(self) {
        self.tell(AckKind::Ack).await;
    }

    /// Not dealt with: it shall come again after a while.
    pub async fn retry(self, after: Duration) {
        self.tell(AckKind::Nak(Some(after))).await;
    }

    /// Not looked at: it shall come again at once.
    pub async fn give_back(self) {
        self.tell(AckKind::Nak(None)).await;
    }

    /// If this gets lost, it comes again.
    async fn tell(&self, kind: AckKind) {
        if let Ok(Ok(())) = within(self.delivery.message.ack_with(kind)).await {
            return;
        }
        debug!(position = self.delivery.position, "the server could not be told: it may come again");
    }
}
