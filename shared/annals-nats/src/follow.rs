//! Following the log from a position that the follower itself remembers: views.

use annals_core::Position;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures_util::StreamExt;
use tracing::debug;

use crate::{Delivery, LogError, Nats, consumer, log::unavailable, stream};

/// A durable consumer that was moved to just after a checkpoint.
///
/// The checkpoint is the truth; acknowledgements only keep the flow going. A delivery that got
/// lost on the way shows as a gap, and then the follower has to be made anew.
pub struct Follower {
    messages: pull::Stream,
    /// A consumer counts its deliveries from 1, and from 1 again after a reset.
    last: u64,
    after: Position,
}

/// Messages that one pull asks for.
const BATCH: usize = 1000;

impl Nats {
    /// Follows the commits of `categories` after a position, under a durable name of one's own.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn follow(
        &self,
        durable: &str,
        categories: &[&str],
        after: Position,
    ) -> Result<Follower, LogError> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All, // it could not be reset to before a configured start
            ack_policy: AckPolicy::All,
            max_ack_pending: 4 * i64::try_from(BATCH).expect("a thousand is a number"),
            ..pull::Config::default()
        };
        let mut consumer = self.consumer(durable, categories, config).await?;
        consumer.reset(Some(after + 1)).await.map_err(unavailable)?;
        let messages = consumer::pull(&consumer, BATCH).await?;
        debug!(consumer = durable, position = after, "following");
        Ok(Follower { messages, last: 0, after })
    }

    /// Commits that a durable consumer has not been given, or has not acknowledged.
    ///
    /// # Errors
    /// When the server cannot be asked, or there is no such consumer.
    pub async fn outstanding(&self, durable: &str) -> Result<u64, LogError> {
        let stream = self.jetstream.get_stream_no_info(stream::NAME).await.map_err(unavailable)?;
        let info = stream.consumer_info(durable).await.map_err(unavailable)?;
        Ok(info.num_pending + info.num_ack_pending as u64)
    }
}

impl Follower {
    /// Waits for deliveries and gives those that are there, in order, at most `limit`.
    ///
    /// # Errors
    /// When deliveries were lost, or the consumer is gone: follow again from the checkpoint.
    pub async fn next(&mut self, limit: usize) -> Result<Vec<Delivery>, LogError> {
        let mut ready = (&mut self.messages).ready_chunks(limit);
        let chunk = ready.next().await.ok_or_else(|| unavailable("the consumer is closed"))?;
        let mut deliveries = Vec::with_capacity(chunk.len());
        for message in chunk {
            let message = message.map_err(unavailable)?;
            let Some(delivery) = Delivery::new(message) else { continue };
            let expected = self.last + 1;
            if delivery.number != expected {
                return Err(unavailable(format!("deliveries {expected}.. got lost")));
            }
            self.last = delivery.number;
            if delivery.position <= self.after && delivery.times == 1 {
                return Err(unavailable("the log has gone back"));
            }
            if delivery.position > self.after {
                self.after = delivery.position;
                deliveries.push(delivery);
            }
        }
        Ok(deliveries)
    }

    /// Tells the server that everything up to this delivery has been dealt with. It may get lost.
    pub async fn acknowledge(&self, delivery: &Delivery) {
        if let Err(error) = delivery.message.ack().await {
            debug!(%error, "acknowledgement not sent");
        }
    }
}
