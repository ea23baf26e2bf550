//! Commands that wait to be carried out, on disk: a work queue.

mod consumer;

use std::sync::Arc;

use annals_core::{bus::CommandRequest, log::LogError};
use async_nats::{
    HeaderMap,
    jetstream::{
        message::{PublishMessage, StreamMessage},
        stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
    },
};
use thiserror::Error;
use tokio::{sync::OnceCell, time::timeout};
use uuid::Uuid;

use crate::{
    Nats, StreamError,
    connection::REQUEST_TIMEOUT,
    leader::{self, unavailable, within},
    log::stream::{self, Rule},
    publish::PublishFailure,
    subject,
};

pub use consumer::{QueueConsumer, QueuedCommand};

/// The stream that holds them until they are dealt with.
const NAME: &str = "COMMANDS";

/// All instances of the command service share it.
pub(crate) const DURABLE: &str = "commands";

/// The most that they may take, in bytes.
const MAX_BYTES: i64 = 256 * 1024 * 1024;

/// The queue of commands.
#[derive(Debug, Clone)]
pub struct Queue {
    nats: Nats,
    /// Set once the stream has been seen to keep what it is given.
    sound: Arc<OnceCell<()>>,
}

/// Where a command is that was put into the queue.
#[derive(Debug)]
pub enum Put {
    /// It is on disk.
    Enqueued,
    /// One with its id waits already: this one.
    AlreadyQueued(Box<CommandRequest>),
    /// One with its id was there, and has just been carried out.
    AlreadyDone,
}

/// Why a command is not known to be in the queue.
#[derive(Debug, Error)]
pub enum PutError {
    /// It is not: there is no room, or no queue.
    #[error("the queue does not take the command: {0}")]
    Unavailable(String),
    /// It may be.
    #[error("the queue did not answer in time: {0}")]
    OutcomeUnknown(String),
}

impl From<LogError> for PutError {
    fn from(error: LogError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// What is drawn when a command is put into the queue, so that it can be told from an earlier one with its id.
const TICKET: &str = "Annals-Taken";

/// Commands that may be delivered and not be settled, over all instances. Those that wait for another try count.
const MAX_ACK_PENDING: u16 = 10_000;

impl Nats {
    /// The queue of commands.
    #[must_use]
    pub fn queue(&self) -> Queue {
        Queue { nats: self.clone(), sound: Arc::default() }
    }
}

impl Queue {
    /// Creates the queue if there is none, and checks that it keeps what it is given.
    ///
    /// # Errors
    /// When the server cannot be asked, or somebody made it with settings that would lose commands.
    pub async fn prepare(&self) -> Result<(), StreamError> {
        stream::make(&self.nats.jetstream, NAME, config(), rules).await.map(|_| ())
    }

    /// Puts a command into the queue.
    ///
    /// # Errors
    /// When it is not known to be there.
    pub async fn put(&self, request: &CommandRequest) -> Result<Put, PutError> {
        let sound = self.sound.get_or_try_init(|| Box::pin(self.prepare()));
        within(sound).await?.map_err(unavailable)?;
        let bytes = serde_json::to_vec(&request).expect("a request is plain data");
        // Ids are unique among those that wait, however long that is: no window as message ids have.
        let mut message = PublishMessage::build().payload(bytes.into()).expected_last_subject_sequence(0);
        let ticket = Uuid::new_v4();
        message = message.expected_stream(NAME).header(TICKET, ticket.to_string().as_str());
        if let Some(trace) = request.context.trace {
            message = message.header("traceparent", trace.to_string().as_str());
        }
        let subject = subject::of_waiting(&request.stream, request.id);
        let sent = self.nats.jetstream.send_publish(subject, message);
        let why = match timeout(REQUEST_TIMEOUT, async { sent.await?.await }).await {
            Ok(Ok(_)) => return Ok(Put::Enqueued),
            Ok(Err(error)) => PublishFailure::classify(&error),
            Err(_) => PublishFailure::Unknown("no acknowledgement".into()),
        };
        // An error decides nothing: the command may be there, from this try or from an earlier one.
        match (self.waiting(request.id).await, why) {
            (Ok(Some((_, drawn))), _) if drawn == Some(ticket) => Ok(Put::Enqueued),
            (Ok(Some((there, _))), _) => Ok(Put::AlreadyQueued(Box::new(there))),
            (Ok(None), PublishFailure::Conflict) => Ok(Put::AlreadyDone),
            (Err(error), PublishFailure::Conflict) => Err(error.into()),
            (_, PublishFailure::Rejected(reason)) => Err(PutError::Unavailable(reason)),
            (_, PublishFailure::Unknown(reason)) => Err(PutError::OutcomeUnknown(reason)),
        }
    }

    /// The command with this id, if it waits, or is being carried out.
    ///
    /// # Errors
    /// When the server cannot be asked, or it is no command.
    pub async fn find(&self, command: Uuid) -> Result<Option<CommandRequest>, LogError> {
        Ok(self.waiting(command).await?.map(|(request, _)| request))
    }

    /// With what was drawn when it was put there.
    async fn waiting(&self, command: Uuid) -> Result<Option<(CommandRequest, Option<Uuid>)>, LogError> {
        let stream = self.nats.jetstream.get_stream_no_info(NAME).await.map_err(unavailable)?;
        let subject = subject::of_any_waiting(command);
        let found = leader::found(stream.get_last_raw_message_by_subject(&subject)).await?;
        let read = |message: StreamMessage| {
            let request = serde_json::from_slice(&message.payload).map_err(unavailable)?;
            Ok((request, ticket(&message.headers)))
        };
        found.map(read).transpose()
    }
}

fn ticket(headers: &HeaderMap) -> Option<Uuid> {
    headers.get(TICKET)?.as_str().parse().ok()
}

fn config() -> Config {
    Config {
        name: NAME.into(),
        description: Some("Annals: commands that wait to be carried out".into()),
        subjects: vec![subject::ALL_WAITING.into()],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: 1,
        max_messages: MAX_ACK_PENDING.into(), // so that those that wait for another try never stop the others
        max_bytes: MAX_BYTES,
        ..Config::default()
    }
}

/// Every setting by which commands could go. How many may wait, and the replicas, are the operator's.
fn rules(found: &Config) -> Vec<Rule> {
    let wanted = config();
    vec![
        (found.subjects == wanted.subjects, "other subjects", "`commands-async.*.*.*` alone"),
        (found.storage == wanted.storage, "memory storage", "on file"),
        (found.retention == wanted.retention, "another retention policy", "a work queue"),
        (found.discard == wanted.discard, "discard: old", "discard: new"),
        (found.max_messages > 0 && found.max_bytes > 0, "no limits", "of limited size"),
        (found.max_age.is_zero(), "a limit on age", "without one"),
        (!found.allow_message_ttl, "messages that expire", "without message TTLs"),
        (!found.no_ack, "no acknowledgements", "one that acknowledges"),
        (!found.sealed, "a seal", "open for new commands"),
        (found.max_message_size <= 0, "a limit on message size", "unlimited in that"),
        (found.subject_transform.is_none(), "a subject transform", "without one"),
        (found.mirror.is_none(), "a mirror's contents", "no mirror"),
        (found.sources.as_ref().is_none_or(Vec::is_empty), "sources", "without sources"),
        (found.persist_mode.is_none(), "another persist mode", "the default one"),
    ]
}
