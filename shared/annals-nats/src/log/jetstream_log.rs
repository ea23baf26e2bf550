//! The stream of events as a [`Log`].

use std::sync::atomic::Ordering;

use annals_core::{
    Position,
    log::{AppendError, Draft, Entry, Log, LogError, LogMessage, SUBJECT},
};
use async_nats::{
    HeaderMap, Request, RequestErrorKind,
    jetstream::{
        ErrorCode,
        message::StreamMessage,
        publish::PublishAck,
        response::Response,
        stream::{DirectGetErrorKind, Stream},
    },
};
use tokio::time::timeout;
use uuid::Uuid;

use super::{stream, tail::JetStreamTail};
use crate::{
    Nats,
    connection::REQUEST_TIMEOUT,
    leader::{found, unavailable, within},
};

/// The stream `EVENTS`: one message per entry, on the subject `events.main`.
#[derive(Debug, Clone)]
pub struct JetStreamLog {
    pub(super) nats: Nats,
    id: Uuid,
}

/// Every subject of the stream. With a literal `>` the server does not look at each subject that it knows.
const EVERY_SUBJECT: &str = ">";

impl JetStreamLog {
    pub(crate) fn new(nats: Nats, id: Uuid) -> Self {
        Self { nats, id }
    }

    /// The connection under it.
    #[must_use]
    pub fn nats(&self) -> &Nats {
        &self.nats
    }

    pub(super) async fn stream(&self) -> Result<Stream<()>, LogError> {
        self.nats.jetstream.get_stream_no_info(stream::NAME).await.map_err(unavailable)
    }

    async fn leader_get(&self, position: Position) -> Result<Option<LogMessage>, LogError> {
        let stream = self.stream().await?;
        Ok(found(stream.get_raw_message(position)).await?.map(read))
    }
}

impl Log for JetStreamLog {
    type Tail = JetStreamTail;

    fn id(&self) -> Uuid {
        self.id
    }

    fn losses(&self) -> u64 {
        *self.nats.lost.borrow()
    }

    async fn append(&self, draft: &Draft, expected: Position) -> Result<Position, AppendError> {
        if !self.nats.is_connected() {
            // It would be kept, and sent once the connection is there again.
            return Err(AppendError::Rejected("the connection is lost".into()));
        }
        let mut headers = HeaderMap::new();
        for (name, value) in draft.headers() {
            headers.insert(name, value.as_str());
        }
        headers.insert("Nats-Expected-Last-Subject-Sequence", expected.to_string().as_str());
        headers.insert("Nats-Expected-Stream", stream::NAME);
        headers.insert("Content-Type", Entry::CONTENT_TYPE);
        let request = Request::new().headers(headers).payload(draft.body.clone()).timeout(None);
        let sent = Box::pin(self.nats.client.send_request(SUBJECT, request));
        let mut lost = self.nats.lost.clone();
        lost.mark_unchanged();
        let unknown = |error: &dyn ToString| AppendError::Unknown(error.to_string());
        let reply = tokio::select! {
            reply = timeout(REQUEST_TIMEOUT, sent) => reply.map_err(|_| unknown(&"no acknowledgement in time"))?,
            _ = lost.changed() => return Err(unknown(&"the connection was lost")),
        };
        let reply = reply.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => AppendError::Rejected("there is no stream of events".into()),
            RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => {
                AppendError::Rejected(error.to_string())
            }
            RequestErrorKind::TimedOut | RequestErrorKind::Other => unknown(&error),
        })?;
        match serde_json::from_slice::<Response<PublishAck>>(&reply.payload) {
            Ok(Response::Ok(ack)) if ack.duplicate => Err(unknown(&"the server has seen it before")),
            Ok(Response::Ok(ack)) => Ok(ack.sequence),
            Ok(Response::Err { error }) => Err(match error.error_code() {
                ErrorCode::STREAM_WRONG_LAST_SEQUENCE => AppendError::Conflict,
                // Two messages at once on three nodes, or a duplicate that is still on its way.
                ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT | ErrorCode(10158) => unknown(&error),
                _ => AppendError::Rejected(error.to_string()),
            }),
            Err(error) => Err(unknown(&error)),
        }
    }

    async fn read(&self, after: Position, limit: usize) -> Result<Vec<LogMessage>, LogError> {
        let (stream, mut messages) = (self.stream().await?, Vec::new());
        let mut from = after + 1;
        while messages.len() < limit {
            let next = found(stream.get_first_raw_message_by_subject(EVERY_SUBJECT, from));
            let Some(message) = next.await? else { break };
            from = message.sequence + 1;
            messages.push(read(message));
        }
        Ok(messages)
    }

    async fn next_of_chain(&self, after: Position) -> Result<Option<LogMessage>, LogError> {
        let stream = self.stream().await?;
        let next = found(stream.get_first_raw_message_by_subject(SUBJECT, after + 1)).await?;
        Ok(next.map(read))
    }

    async fn get(&self, position: Position) -> Result<Option<LogMessage>, LogError> {
        let stream = self.stream().await?;
        match within(Box::pin(stream.direct_get(position))).await? {
            Ok(message) => Ok(Some(read(message))),
            // A replica that lags does not have it yet; the leader has.
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => self.leader_get(position).await,
            Err(error) => Err(unavailable(error)),
        }
    }

    fn end_is_proof(&self) -> bool {
        self.nats.replicas.load(Ordering::Relaxed) <= 1
    }

    async fn end(&self) -> Result<Position, LogError> {
        let stream = self.stream().await?;
        let info = within(Box::pin(stream.get_info())).await?.map_err(unavailable)?;
        self.nats.replicas.store(info.config.num_replicas, Ordering::Relaxed); // they can be changed at any time
        Ok(info.state.last_sequence)
    }

    async fn tail(&self, name: &str, after: Position) -> Result<JetStreamTail, LogError> {
        within(Box::pin(JetStreamTail::follow(self, name, after))).await?
    }
}

fn read(message: StreamMessage) -> LogMessage {
    let StreamMessage { subject, sequence, headers, payload, .. } = message;
    LogMessage {
        position: sequence,
        subject: subject.to_string(),
        headers: entry_headers(&headers),
        body: payload,
    }
}

/// The headers that concern entries.
pub(super) fn entry_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let names = headers.iter().filter(|(name, _)| {
        let name: &str = name.as_ref();
        name.starts_with("Annals-") || name == "Nats-Msg-Id"
    });
    let all = names.flat_map(|(name, values)| {
        values.iter().map(move |value| (name.to_string(), value.as_str().to_owned()))
    });
    all.collect()
}
