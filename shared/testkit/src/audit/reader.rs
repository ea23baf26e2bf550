//! The raw bytes of the log, in order.

use async_nats::{
    HeaderMap,
    jetstream::{self, consumer::pull, stream::Stream},
};
use futures_util::StreamExt;

use super::batches::Member;

/// What the system calls its log.
const LOG: &str = "EVENTS";

/// Reads the log from its beginning.
pub(crate) struct Reader {
    stream: Stream,
    messages: pull::Ordered,
}

/// A message as it is stored.
pub(crate) struct Stored {
    pub position: u64,
    pub subject: String,
    pub bytes: Vec<u8>,
    /// None if it was stored alone.
    pub member: Option<Member>,
}

impl Reader {
    pub(crate) async fn open(nats_url: &str) -> Self {
        let client = async_nats::connect(nats_url).await.expect("nats-server runs");
        let stream = jetstream::new(client).get_stream(LOG).await.expect("there is a log");
        let consumer = stream.create_consumer(pull::OrderedConfig::default()).await;
        let messages = consumer.expect("the log can be read").messages().await.expect("the log can be read");
        Self { stream, messages }
    }

    /// The position of the last message.
    pub(crate) async fn end(&mut self) -> u64 {
        self.stream.info().await.expect("nats-server answers").state.last_sequence
    }

    /// Waits for the next message.
    pub(crate) async fn next(&mut self) -> Stored {
        let message = self.messages.next().await.expect("the log has no end").expect("the log can be read");
        let position = message.info().expect("it comes from a stream").stream_sequence;
        let member = message.headers.as_ref().and_then(member);
        Stored { position, subject: message.subject.to_string(), bytes: message.payload.to_vec(), member }
    }
}

fn member(headers: &HeaderMap) -> Option<Member> {
    let number = headers.get("Nats-Batch-Sequence")?.as_str().parse();
    Some(Member {
        batch: headers.get("Nats-Batch-Id")?.to_string(),
        number: number.expect("the server has counted them"),
        is_last: headers.get("Nats-Batch-Commit").is_some(),
    })
}
