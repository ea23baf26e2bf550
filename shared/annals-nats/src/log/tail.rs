//! Following the stream by a pull consumer whose state the server keeps in memory: checkpoints decide, always.

use std::time::Duration;

use annals_core::{
    Position,
    log::{Log, LogError, LogMessage, Tail},
};
use async_nats::jetstream::{
    Message,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use futures_util::{FutureExt, StreamExt};
use tokio::{
    select,
    sync::watch,
    task::unconstrained,
    time::{Instant, sleep},
};

use super::{JetStreamLog, jetstream_log::entry_headers};
use crate::{
    leader::{unavailable, within},
    log::stream,
};

/// A consumer of the whole stream.
pub struct JetStreamTail {
    log: JetStreamLog,
    /// Of the consumer.
    name: String,
    messages: pull::Stream,
    lost: watch::Receiver<u64>,
    /// A consumer counts its deliveries from 1: a number left out is a message lost on the way.
    deliveries: u64,
    /// The last position delivered.
    position: Position,
    /// The last message delivered, for the next acknowledgement.
    last: Option<Message>,
    acknowledged: Instant,
}

/// Messages that one pull asks for. Entries close at 256 KiB, so that what is on its way is bounded, too.
const BATCH: usize = 200;

/// Acknowledgements are for people: nothing is to be delivered again because one is late.
const ACK_WAIT: Duration = Duration::from_hours(24);

/// A reader that does not come back for so long leaves no consumer behind.
const INACTIVE_THRESHOLD: Duration = Duration::from_mins(5);

/// After so long without a message the log is asked whether there should have been one.
const SILENCE: Duration = Duration::from_secs(5);

/// How long a message may still be on its way once the log has said that there is one.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// Between two acknowledgements: they are for people only.
const ACKNOWLEDGE_EVERY: Duration = Duration::from_secs(1);

impl JetStreamTail {
    pub(super) async fn follow(log: &JetStreamLog, name: &str, after: Position) -> Result<Self, LogError> {
        let nats = &log.nats;
        let mut lost = nats.lost.clone();
        lost.mark_unchanged();
        let config = pull::Config {
            durable_name: Some(name.into()),
            deliver_policy: DeliverPolicy::All, // it could not be moved to before a configured start
            ack_policy: AckPolicy::All,
            max_ack_pending: -1,
            ack_wait: ACK_WAIT, // what is delivered again is worth nothing: the reader has it
            inactive_threshold: INACTIVE_THRESHOLD,
            memory_storage: true,
            ..pull::Config::default()
        };
        let made = nats.jetstream.create_consumer_on_stream(config, stream::NAME).await;
        let mut consumer = made.map_err(unavailable)?;
        consumer.reset(Some(after + 1)).await.map_err(unavailable)?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .expires(Duration::from_secs(30))
            .heartbeat(Duration::from_secs(5)) // a server that is gone shows as a missing one
            .messages()
            .await
            .map_err(unavailable)?;
        let acknowledged = Instant::now();
        Ok(Self {
            log: log.clone(),
            name: name.into(),
            messages,
            lost,
            deliveries: 0,
            position: after,
            last: None,
            acknowledged,
        })
    }

    /// Waits for the next message.
    async fn wait(&mut self) -> Result<Message, LogError> {
        loop {
            select! {
                biased; // what has arrived is taken first
                next = self.messages.next() => return arrived(next),
                _ = self.lost.changed() => return Err(LogError::Disconnected),
                () = sleep(SILENCE) => {}
            }
            // A consumer can be alive and silent.
            if self.log.end().await? <= self.position {
                continue;
            }
            select! {
                next = self.messages.next() => return arrived(next),
                () = sleep(LAST_LOOK) => {}
            }
            self.delete().await; // it may be paused, and would stay so under its name
            return Err(unavailable("the consumer is silent, and the log has more"));
        }
    }

    /// What cannot be deleted goes when it has not been used for a while.
    async fn delete(&self) {
        let deleted = self.log.nats.jetstream.delete_consumer_from_stream(&self.name, stream::NAME);
        let _ = within(Box::pin(deleted)).await;
    }

    /// The message, unless it was delivered before.
    fn in_order(&mut self, message: Message) -> Result<Option<LogMessage>, LogError> {
        let Ok(info) = message.info() else { return Ok(None) };
        let (position, delivery) = (info.stream_sequence, info.consumer_sequence);
        let expected = self.deliveries + 1;
        if delivery != expected {
            return Err(unavailable(format!("deliveries {expected}.. were lost")));
        }
        self.deliveries = delivery;
        if position <= self.position {
            return Ok(None);
        }
        self.position = position;
        let headers = message.headers.as_ref().map(entry_headers).unwrap_or_default();
        let read = LogMessage {
            position,
            subject: message.subject.to_string(),
            headers,
            body: message.payload.clone(),
        };
        self.last = Some(message);
        Ok(Some(read))
    }
}

fn arrived<E: std::fmt::Display>(next: Option<Result<Message, E>>) -> Result<Message, LogError> {
    next.ok_or_else(|| unavailable("the consumer is closed"))?.map_err(unavailable)
}

impl Tail for JetStreamTail {
    async fn next(&mut self, bytes: usize) -> Result<Vec<LogMessage>, LogError> {
        let (mut messages, mut taken) = (Vec::new(), 0);
        let mut message = Box::pin(self.wait()).await?;
        loop {
            taken += message.payload.len();
            messages.extend(self.in_order(message)?);
            if taken >= bytes {
                return Ok(messages);
            }
            // What has arrived is taken whole: the runtime would have us yield after 128 messages.
            message = match unconstrained(self.messages.next()).now_or_never() {
                None => return Ok(messages),
                Some(next) => arrived(next)?,
            };
        }
    }

    async fn acknowledge(&mut self, position: Position) {
        let due = self.acknowledged.elapsed() >= ACKNOWLEDGE_EVERY && position >= self.position;
        if due && let Some(last) = self.last.take() {
            self.acknowledged = Instant::now();
            let _ = within(last.ack()).await; // the next one will do
        }
    }

    async fn close(self) {
        self.delete().await;
    }
}
