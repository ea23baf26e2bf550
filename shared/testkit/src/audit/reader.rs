//! The raw messages of the log, in order.

use async_nats::{
    HeaderMap,
    jetstream::{self, consumer::pull, context::PublishErrorKind, stream::Stream},
};
use futures_util::StreamExt;
use uuid::Uuid;

/// What the system calls its log.
const LOG: &str = "EVENTS";

/// Reads the log from its beginning.
pub(crate) struct Reader {
    jetstream: jetstream::Context,
    stream: Stream,
    messages: pull::Ordered,
}

/// A message as it is stored.
#[derive(Debug)]
pub(crate) struct Stored {
    pub position: u64,
    pub subject: String,
    /// A name may stand there more than once.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reader {
    pub(crate) async fn open(nats_url: &str) -> Self {
        let client = async_nats::connect(nats_url).await.expect("nats-server runs");
        let jetstream = jetstream::new(client);
        let stream = jetstream.get_stream(LOG).await.expect("there is a log");
        let consumer = stream.create_consumer(pull::OrderedConfig::default()).await;
        let messages = consumer.expect("the log can be read").messages().await.expect("the log can be read");
        Self { jetstream, stream, messages }
    }

    /// What the log was named when it was made.
    pub(crate) fn log_id(&self) -> Uuid {
        let id = self.stream.cached_info().config.metadata.get("annals-log-id");
        id.and_then(|id| id.parse().ok()).expect("a log has an id")
    }

    /// The position of the last message.
    pub(crate) async fn end(&mut self) -> u64 {
        self.stream.info().await.expect("nats-server answers").state.last_sequence
    }

    /// Stores a message, if the last one on its subject is the expected one; where it is then.
    pub(crate) async fn publish(
        &self,
        subject: &'static str,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Option<u64> {
        let sent = self.jetstream.publish_with_headers(subject, headers, body.into()).await;
        match sent.expect("nats-server is there").await {
            Ok(acknowledged) => Some(acknowledged.sequence),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => None,
            Err(error) => panic!("it cannot be stored: {error}"),
        }
    }

    /// Waits for the next message.
    pub(crate) async fn next(&mut self) -> Stored {
        let message = self.messages.next().await.expect("the log has no end").expect("the log can be read");
        let position = message.info().expect("it comes from a stream").stream_sequence;
        let headers = message.headers.iter().flat_map(|headers| headers.iter());
        let headers = headers
            .flat_map(|(name, values)| values.iter().map(|value| (name.to_string(), value.to_string())));
        Stored {
            position,
            subject: message.subject.to_string(),
            headers: headers.collect(),
            body: message.payload.to_vec(),
        }
    }
}

impl Stored {
    /// The value of a header that stands there exactly once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        values.next().filter(|_| values.next().is_none()).map(|(_, value)| value.as_str())
    }
}
