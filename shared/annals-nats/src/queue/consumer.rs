//! Taking commands out of the queue.

use std::time::Duration;

use annals_core::{bus::CommandRequest, log::LogError};
use async_nats::jetstream::{
    AckKind, Message,
    consumer::{AckPolicy, Consumer, pull},
};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::time::sleep;
use tracing::{debug, warn};
use uuid::Uuid;

use super::{DURABLE, MAX_ACK_PENDING, NAME, Queue, ticket};
use crate::leader::{unavailable, within};

/// The consumer that all instances of the command service share.
pub struct QueueConsumer {
    consumer: Consumer<pull::Config>,
    messages: pull::Stream,
}

/// A command out of the queue. Unless it is [being worked on](QueuedCommand::with_heartbeat), it is delivered
/// again after 2 s, to whichever instance.
#[derive(Debug)]
pub struct QueuedCommand {
    /// The command, or why the message is none.
    pub request: Result<CommandRequest, String>,
    /// Drawn when it was put into the queue.
    pub ticket: Uuid,
    /// When it was put there, by the server's clock.
    pub at: Timestamp,
    /// How often it has been delivered, from 1.
    pub deliveries: u64,
    message: Message,
}

/// How long the server waits for a sign of life before it delivers a command again.
const ACK_WAIT: Duration = Duration::from_secs(2);

/// Between two signs of life: two of them may get lost.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Messages that one pull asks for: few, since what waits here shows no sign of life.
const BATCH: usize = 32;

impl Queue {
    /// Begins to take commands out of the queue; one that is gone is made again.
    ///
    /// # Errors
    /// When the server cannot be asked, or the queue would lose commands.
    pub async fn consume(&self) -> Result<QueueConsumer, LogError> {
        within(Box::pin(self.prepare())).await?.map_err(unavailable)?; // it is large
        let config = pull::Config {
            durable_name: Some(DURABLE.into()),
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            max_ack_pending: MAX_ACK_PENDING.into(),
            ..pull::Config::default()
        };
        let made = within(self.nats.jetstream.create_consumer_on_stream(config, NAME)).await?;
        let consumer = made.map_err(unavailable)?;
        let pull = consumer.stream().max_messages_per_batch(BATCH).heartbeat(Duration::from_secs(2));
        let messages =
            within(pull.expires(Duration::from_secs(10)).messages()).await?.map_err(unavailable)?;
        Ok(QueueConsumer { consumer, messages })
    }
}

impl QueueConsumer {
    /// Waits for the next command. Nothing is lost when it is given up while it waits.
    ///
    /// # Errors
    /// When the consumer is gone: consume again.
    pub async fn next(&mut self) -> Result<QueuedCommand, LogError> {
        loop {
            let message = self.messages.next().await.ok_or_else(|| unavailable("the consumer is closed"))?;
            if let Some(command) = QueuedCommand::read(message.map_err(unavailable)?) {
                return Ok(command);
            }
        }
    }

    /// Commands that wait, or are being carried out.
    ///
    /// # Errors
    /// When the server cannot be asked, or the consumer is gone.
    pub async fn pending(&mut self) -> Result<u64, LogError> {
        let info = within(self.consumer.get_info()).await?.map_err(unavailable)?;
        Ok(info.num_pending + info.num_ack_pending as u64)
    }
}

impl QueuedCommand {
    fn read(message: Message) -> Option<Self> {
        let info = message.info().ok()?;
        let deliveries = u64::try_from(info.delivered).unwrap_or(1);
        let at = Timestamp::from_nanosecond(info.published.unix_timestamp_nanos()).ok()?;
        let request = serde_json::from_slice(&message.payload).map_err(|error| error.to_string());
        // One that was put there by other means is like no other: it gets a new one each time.
        let ticket = message.headers.as_ref().and_then(ticket).unwrap_or_else(Uuid::new_v4);
        Some(Self { request, ticket, at, deliveries, message })
    }

    /// Does `work`, and tells the server all the while that it is being done.
    pub async fn with_heartbeat<D>(&self, work: impl Future<Output = D>) -> D {
        let beat = async {
            loop {
                sleep(HEARTBEAT).await;
                self.acknowledge(AckKind::Progress).await;
            }
        };
        tokio::select! { done = work => done, () = beat => unreachable!("it beats for ever") }
    }

    /// Done. Waits until the server knows, so that a clean stop repeats nothing.
    pub async fn double_ack(self) {
        let known = within(self.message.double_ack()).await;
        if let Some(error) =
            known.map_or_else(|it| Some(it.to_string()), |it| it.err().map(|it| it.to_string()))
        {
            warn!(error, "a command is done, but the server does not know: it will be delivered again");
        }
    }

    /// Not done: to be delivered again after a while.
    pub async fn retry(self, after: Duration) {
        self.acknowledge(AckKind::Nak(Some(after))).await;
    }

    /// If this gets lost, it is delivered again.
    async fn acknowledge(&self, kind: AckKind) {
        if !matches!(within(self.message.ack_with(kind)).await, Ok(Ok(()))) {
            debug!("the server could not be told of a command: it may be delivered again");
        }
    }
}
