//! Following the log from a position that the follower itself remembers: views.

use std::time::Duration;

use annals_core::Position;
use async_nats::jetstream::{
    Message,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use futures_util::{FutureExt, StreamExt};
use thiserror::Error;
use tokio::{select, sync::watch, task::unconstrained};
use tracing::debug;

use crate::{Delivery, LogError, Nats, consumer, jetstream_log::within, log::unavailable, stream};

/// A durable consumer that was moved to just after a checkpoint.
///
/// The checkpoint is the truth; acknowledgements only keep the flow going. A delivery that got
/// lost on the way shows as a gap, and then the follower has to be made anew.
pub struct Follower {
    messages: pull::Stream,
    lost: watch::Receiver<()>,
    /// A consumer counts its deliveries from 1, and from 1 again after a reset.
    last: u64,
    after: Position,
}

/// Why a follower gives nothing any more: follow again from the checkpoint.
#[derive(Debug, Error)]
pub enum NotFollowing {
    /// If it was the server that died, it has forgotten the consumer.
    #[error("the connection was lost")]
    Disconnected,
    /// Deliveries were lost, or the consumer is gone.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Messages that one pull asks for.
const BATCH: usize = 1000;

/// A copy that does not come back for so long leaves no consumer behind. If it comes back later, its
/// consumer is made again and moved to the checkpoint, as always.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(24);

impl Nats {
    /// Follows the commits of `categories` after a position, under a durable name of one's own.
    ///
    /// # Errors
    /// When the server cannot be asked, or does not answer in time.
    pub async fn follow(
        &self,
        durable: &str,
        categories: &[&str],
        after: Position,
    ) -> Result<Follower, LogError> {
        within(self.follow_at_once(durable, categories, after)).await?
    }

    async fn follow_at_once(
        &self,
        durable: &str,
        categories: &[&str],
        after: Position,
    ) -> Result<Follower, LogError> {
        let mut lost = self.lost.clone();
        lost.mark_unchanged();
        let config = pull::Config {
            deliver_policy: DeliverPolicy::All, // it could not be reset to before a configured start
            ack_policy: AckPolicy::All,
            max_ack_pending: 4 * i64::try_from(BATCH).expect("a thousand is a number"),
            inactive_threshold: FORGOTTEN_AFTER,
            // On disk it would be synced ten times a second, for nothing: the checkpoint is the truth.
            memory_storage: true,
            ..pull::Config::default()
        };
        let mut consumer = self.consumer(durable, categories, config).await?;
        consumer.reset(Some(after + 1)).await.map_err(unavailable)?;
        let messages = consumer::pull(&consumer, BATCH).await?;
        debug!(consumer = durable, position = after, "following");
        Ok(Follower { messages, lost, last: 0, after })
    }

    /// Deletes a durable consumer that cannot be trusted any more. Following makes it again; if the
    /// server cannot be asked, that shows there.
    pub async fn forget(&self, durable: &str) {
        let deleted = within(async {
            self.jetstream.get_stream_no_info(stream::NAME).await?.delete_consumer(durable).await?;
            Ok::<_, async_nats::Error>(())
        });
        let deleted = deleted.await;
        debug!(consumer = durable, ?deleted, "forgotten");
    }

    /// Commits that a durable consumer has not been given, or has not acknowledged.
    ///
    /// # Errors
    /// When the server cannot be asked, or there is no such consumer.
    pub async fn outstanding(&self, durable: &str) -> Result<u64, LogError> {
        let stream = self.jetstream.get_stream_no_info(stream::NAME).await.map_err(unavailable)?;
        let info = within(stream.consumer_info(durable)).await?.map_err(unavailable)?;
        Ok(info.num_pending + info.num_ack_pending as u64)
    }
}

impl Follower {
    /// Waits for deliveries and gives those that are there, in order: at most `limit`, and no more
    /// once they have reached `bytes`. Nothing is lost when it is given up while it waits.
    ///
    /// # Errors
    /// When nothing more will come: follow again from the checkpoint.
    pub async fn next(&mut self, limit: usize, bytes: usize) -> Result<Vec<Delivery>, NotFollowing> {
        let (mut deliveries, mut taken) = (Vec::new(), 0);
        let mut next = select! {
            biased; // what has arrived is taken first
            next = self.messages.next() => next,
            _ = self.lost.changed() => return Err(NotFollowing::Disconnected),
        };
        loop {
            let message = next.ok_or_else(|| unavailable("the consumer is closed"))?.map_err(unavailable)?;
            taken += message.payload.len();
            deliveries.extend(self.in_order(message)?);
            if deliveries.len() >= limit || taken >= bytes {
                return Ok(deliveries);
            }
            // What has arrived is taken whole: the runtime would have us yield after 128 messages.
            next = match unconstrained(self.messages.next()).now_or_never() {
                None => return Ok(deliveries),
                Some(arrived) => arrived,
            };
        }
    }

    /// The message as a delivery, if it is one that was not taken before and none before it is missing.
    fn in_order(&mut self, message: Message) -> Result<Option<Delivery>, LogError> {
        let Some(delivery) = Delivery::new(message) else { return Ok(None) };
        let expected = self.last + 1;
        if delivery.number != expected {
            return Err(unavailable(format!("deliveries {expected}.. got lost")));
        }
        self.last = delivery.number;
        if delivery.position > self.after {
            self.after = delivery.position;
            return Ok(Some(delivery));
        }
        if delivery.times == 1 {
            return Err(unavailable("the log has gone back"));
        }
        Ok(None)
    }
}
