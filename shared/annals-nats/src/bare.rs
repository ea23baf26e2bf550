//! JetStream with nothing of ours on top of it. `annals bench` measures it beside the log, which cannot
//! be faster; nothing else has a use for it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_nats::{
    HeaderMap, Request,
    jetstream::{
        consumer::{AckPolicy, pull},
        message::PublishMessage,
        publish::PublishAck,
        response::Response,
        stream::Config,
    },
};
use bytes::Bytes;
use futures_util::StreamExt;
use uuid::Uuid;

use crate::{LogError, Nats, StreamError, connection::PATIENCE, consumer, log::unavailable, stream};

/// A stream, and what can be done with it at most.
#[derive(Debug, Clone)]
pub struct Bare {
    nats: Nats,
    stream: &'static str,
    next: Arc<AtomicUsize>,
}

/// The stream that is only there to be measured.
const NAME: &str = "BARE";

/// Its messages are spread over so many subjects, as events are over aggregates.
const SUBJECTS: usize = 1000;

/// Messages of one pull.
const PULL: usize = 1000;

impl Bare {
    /// Makes a stream to be thrown away, with the settings that the log has.
    ///
    /// # Errors
    /// When the server does not make it.
    pub async fn create(nats: &Nats) -> Result<Self, StreamError> {
        let config = Config { name: NAME.into(), subjects: vec!["bare.*".into()], ..stream::config() };
        let made = nats.jetstream.get_or_create_stream(config).await;
        made.map_err(|error| StreamError::Unavailable(NAME, error.to_string()))?;
        Ok(Self { nats: nats.clone(), stream: NAME, next: Arc::default() })
    }

    /// The stream of events itself, to be read.
    #[must_use]
    pub fn events(nats: &Nats) -> Self {
        Self { nats: nats.clone(), stream: stream::NAME, next: Arc::default() }
    }

    /// Publishes a message, checked against nothing, and waits until it is on disk.
    ///
    /// # Errors
    /// When it is not acknowledged.
    pub async fn publish(&self, payload: Bytes) -> Result<(), LogError> {
        let message = PublishMessage::build().payload(payload);
        let sent = self.nats.jetstream.send_publish(self.subject(), message).await.map_err(unavailable)?;
        sent.await.map(|_| ()).map_err(unavailable)
    }

    /// Publishes so many messages as one atomic batch, 1,000 at most, and waits until they are on disk.
    ///
    /// # Errors
    /// When they are not acknowledged.
    pub async fn publish_all(&self, payload: &Bytes, messages: usize) -> Result<(), LogError> {
        let client = &self.nats.client;
        let id = Uuid::now_v7().to_string();
        let part = |number: usize| {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Batch-Id", id.as_str());
            headers.insert("Nats-Batch-Sequence", number.to_string().as_str());
            headers
        };
        for number in 1..messages {
            let sent = client.publish_with_headers(self.subject(), part(number), payload.clone());
            sent.await.map_err(unavailable)?;
        }
        let mut headers = part(messages);
        headers.insert("Nats-Batch-Commit", "1");
        let commit = Request::new().headers(headers).payload(payload.clone()).timeout(Some(PATIENCE));
        let reply = client.send_request(self.subject(), commit).await.map_err(unavailable)?;
        match serde_json::from_slice::<Response<PublishAck>>(&reply.payload).map_err(unavailable)? {
            Response::Ok(_) => Ok(()),
            Response::Err { error } => Err(unavailable(error)),
        }
    }

    /// Reads all messages from the first one on, and looks at none. How many there are. None is acknowledged:
    /// nobody waits for that, and nothing holds the server back.
    ///
    /// # Errors
    /// When the server does not give them.
    pub async fn read(&self) -> Result<u64, LogError> {
        let stream = self.nats.jetstream.get_stream(self.stream).await.map_err(unavailable)?;
        let config = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
        let reader = stream.create_consumer(config).await.map_err(unavailable)?;
        let wanted = stream.cached_info().state.messages;
        let mut messages = consumer::pull(&reader, PULL).await?;
        for _ in 0..wanted {
            let message = messages.next().await.ok_or_else(|| unavailable("the stream ended"))?;
            message.map_err(unavailable)?;
        }
        Ok(wanted)
    }

    fn subject(&self) -> String {
        format!("bare.{}", self.next.fetch_add(1, Ordering::Relaxed) % SUBJECTS)
    }
}
