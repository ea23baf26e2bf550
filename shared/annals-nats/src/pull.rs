//! Messages on their way to those who deal with them.

use std::{marker::PhantomData, time::Duration};

use annals_core::StoredCommit;
use async_nats::jetstream::consumer::{Consumer, pull};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout_at};

use crate::{Content, Delivery, LogError, Nats, Wake, jetstream_log::within, log::unavailable};

/// Messages on their way, not more than were asked for.
pub struct Pull<T: Content = StoredCommit> {
    messages: pull::Batch,
    begun: Instant,
    content: PhantomData<fn() -> T>,
}

/// How long one pull lasts while nothing comes. Short, because one that the server has forgotten
/// shows by nothing else.
const IDLE: Duration = Duration::from_secs(1);

impl<T: Content> Pull<T> {
    pub(crate) async fn begin(consumer: &Consumer<pull::Config>, most: usize) -> Result<Self, LogError> {
        let batch = consumer.batch().max_messages(most).expires(IDLE).messages();
        let messages = within(batch).await?.map_err(unavailable)?;
        Ok(Self { messages, begun: Instant::now(), content: PhantomData })
    }

    /// Until when the server gives nothing of it to anybody else, however long it lies here: by then it
    /// has to be looked at, or given back.
    pub(crate) fn keeps_until(&self) -> Instant {
        self.begun + Wake::PATIENCE * 3 / 4
    }

    /// Waits for the next message. None: ask again.
    ///
    /// # Errors
    /// When the consumer is gone: listen again.
    pub async fn next(&mut self) -> Result<Option<Wake<T>>, LogError> {
        loop {
            let Ok(Some(message)) = timeout_at(self.begun + 2 * IDLE, self.messages.next()).await else {
                return Ok(None);
            };
            if let Some(delivery) = Delivery::new(message.map_err(unavailable)?) {
                return Ok(Some(Wake { delivery }));
            }
        }
    }

    /// Gives back what was delivered and not looked at, so that others need not wait for it.
    pub async fn release(mut self, nats: &Nats) {
        let mut unread: Vec<Wake<T>> = Vec::new();
        while let Some(Some(Ok(message))) = self.messages.next().now_or_never() {
            unread.extend(Delivery::new(message).map(|delivery| Wake { delivery }));
        }
        // While it is asked for, the server might give it to us once more.
        drop(self.messages);
        nats.flush().await;
        for wake in unread {
            wake.give_back().await;
        }
    }
}
