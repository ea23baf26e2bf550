//! Acting on the log, several instances sharing the work: reactors.

use std::time::Duration;

use async_nats::jetstream::{
    AckKind,
    consumer::{AckPolicy, pull},
};
use futures_util::{FutureExt, StreamExt};
use tracing::{debug, warn};

use crate::{Delivery, LogError, Nats, consumer, log::unavailable};

/// A durable consumer that all instances of a reactor share.
pub struct Listener {
    messages: pull::Stream,
}

/// A commit that a reactor is to deal with. Without a verdict it comes again after [`Wake::PATIENCE`].
#[derive(Debug)]
pub struct Wake {
    /// The commit.
    pub delivery: Delivery,
}

/// Commits that may be out at once, over all instances. Those that wait for another try count, too,
/// and must not stop the others.
const OUT: i64 = 10_000;

impl Nats {
    /// Listens to the commits of `categories` under a durable name, from the log's beginning;
    /// `batch` are fetched at a time.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn listen(
        &self,
        durable: &str,
        categories: &[&str],
        batch: usize,
    ) -> Result<Listener, LogError> {
        let config = pull::Config {
            ack_policy: AckPolicy::Explicit,
            ack_wait: Wake::PATIENCE,
            max_ack_pending: OUT,
            ..pull::Config::default()
        };
        let consumer = self.consumer(durable, categories, config).await?;
        let messages = consumer::pull(&consumer, batch).await?;
        Ok(Listener { messages })
    }
}

impl Listener {
    /// Waits for the next commit.
    ///
    /// # Errors
    /// When the consumer is gone or silent: listen again.
    pub async fn next(&mut self) -> Result<Wake, LogError> {
        loop {
            let message = self.messages.next().await;
            let message = message.ok_or_else(|| unavailable("the consumer is closed"))?;
            let message = message.map_err(unavailable)?;
            if let Some(delivery) = Delivery::new(message) {
                return Ok(Wake { delivery });
            }
        }
    }

    /// Gives back what was delivered and not looked at, so that others need not wait for it.
    pub async fn release(mut self) {
        while let Some(Some(Ok(message))) = self.messages.next().now_or_never() {
            if let Err(error) = message.ack_with(AckKind::Nak(None)).await {
                debug!(%error, "not given back: it will come again by itself");
            }
        }
    }
}

impl Wake {
    /// How long an instance may take before the commit is given to another.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    /// Dealt with. Waits until the server knows, so that a clean stop repeats nothing.
    pub async fn settle(self) {
        if let Err(error) = self.delivery.message.double_ack().await {
            warn!(position = self.delivery.position, %error, "settled, but the server does not know: it will come again");
        }
    }

    /// Not dealt with: it shall come again after a while.
    pub async fn retry(self, after: Duration) {
        if let Err(error) = self.delivery.message.ack_with(AckKind::Nak(Some(after))).await {
            debug!(position = self.delivery.position, %error, "it will come again by itself");
        }
    }
}
