//! Messages on their way to those who deal with them.

use std::{marker::PhantomData, time::Duration};

use annals_core::StoredCommit;
use async_nats::jetstream::consumer::{Consumer, pull};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, timeout_at};

use crate::{
    Content, Delivery, LogError, Nats, Wake, consumer::BATCH_BYTES, jetstream_log::within, log::unavailable,
};

/// Messages on their way, not more than were asked for.
pub struct Pull<T: Content = StoredCommit> {
    messages: pull::Batch,
    ends: Instant,
    content: PhantomData<fn() -> T>,
}

/// How long one pull lasts while nothing comes. Short, because one that the server has forgotten
/// shows by nothing else.
const IDLE: Duration = Duration::from_secs(1);

/// How the server ends a pull that has its bytes; the client takes it for an error.
const ENOUGH_BYTES: &str = "Exceeds MaxBytes";

impl<T: Content> Pull<T> {
    pub(crate) async fn begin(consumer: &Consumer<pull::Config>, most: usize) -> Result<Self, LogError> {
        let batch = consumer.batch().max_messages(most).max_bytes(BATCH_BYTES).expires(IDLE).messages();
        let messages = within(batch).await?.map_err(unavailable)?;
        Ok(Self { messages, ends: Instant::now() + 2 * IDLE, content: PhantomData })
    }

    /// Waits for the next message. None: ask again.
    ///
    /// # Errors
    /// When the consumer is gone: listen again.
    pub async fn next(&mut self) -> Result<Option<Wake<T>>, LogError> {
        loop {
            let Ok(Some(message)) = timeout_at(self.ends, self.messages.next()).await else {
                return Ok(None);
            };
            match message {
                Ok(message) => {
                    if let Some(delivery) = Delivery::new(message) {
                        return Ok(Some(Wake { delivery }));
                    }
                }
                Err(error) if error.to_string().contains(ENOUGH_BYTES) => return Ok(None),
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    /// Asks for no more, and gives what was delivered and not looked at.
    pub async fn unread(mut self, nats: &Nats) -> Vec<Wake<T>> {
        let mut unread = Vec::new();
        while let Some(Some(Ok(message))) = self.messages.next().now_or_never() {
            unread.extend(Delivery::new(message).map(|delivery| Wake { delivery }));
        }
        // While it is asked for, the server might give to us once more what is given back.
        drop(self.messages);
        nats.flush().await;
        unread
    }
}
