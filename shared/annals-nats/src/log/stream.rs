//! Streams, and the one of events: settings that keep what was acknowledged.

use std::collections::HashMap;

use async_nats::jetstream::{
    Context,
    stream::{Compression, Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use thiserror::Error;
use uuid::Uuid;

/// One token: a chain. There is one so far.
const SUBJECTS: &str = "events.*";

/// The stream that holds all events.
pub(crate) const NAME: &str = "EVENTS";

/// Why a stream cannot be used.
#[derive(Debug, Error)]
pub enum StreamError {
    /// The server does not answer, or refuses.
    #[error("the server did not give us the stream {0}: {1}")]
    Unavailable(&'static str, String),
    /// Somebody made it with settings that would lose or change what it is to keep.
    #[error("the stream {0} exists with {1}, so it could lose something; it has to be {2}")]
    Unsafe(&'static str, &'static str, &'static str),
}

/// A setting: whether it is as it has to be, what is found otherwise, and what it has to be.
pub(crate) type Rule = (bool, &'static str, &'static str);

/// Where the stream keeps the id of its log.
const LOG_ID: &str = "annals-log-id";

/// The subjects of the layout before entries, which was never released.
const OLD_SUBJECTS: &str = "events.>";

/// Creates the stream of events if there is none, and gives the id of the log that it holds, and its replicas.
pub(crate) async fn prepare(jetstream: &Context) -> Result<(Uuid, usize), StreamError> {
    let found = make(jetstream, NAME, config(Uuid::new_v4()), |found| rules(found).to_vec()).await?;
    let id = found.metadata.get(LOG_ID).and_then(|id| id.parse().ok());
    let id = id.ok_or(StreamError::Unsafe(NAME, "no log id in its metadata", "made by Annals"))?;
    Ok((id, found.num_replicas))
}

/// Creates a stream if there is none, and checks the one that is there.
pub(crate) async fn make(
    jetstream: &Context,
    name: &'static str,
    config: Config,
    rules: impl Fn(&Config) -> Vec<Rule>,
) -> Result<Config, StreamError> {
    let unavailable = |error: &dyn ToString| StreamError::Unavailable(name, error.to_string());
    let stream = match jetstream.get_stream(name).await {
        Ok(stream) => stream,
        Err(error) if !is_missing(&error) => return Err(unavailable(&error)),
        Err(_) => match jetstream.create_stream(config).await {
            Ok(_) => jetstream.get_stream(name).await.map_err(|error| unavailable(&error))?,
            // Another service was faster.
            Err(error) => jetstream.get_stream(name).await.map_err(|_| unavailable(&error))?,
        },
    };
    let found = &stream.cached_info().config;
    match rules(found).into_iter().find(|(holds, ..)| !holds) {
        None => Ok(found.clone()),
        Some((_, found, wanted)) => Err(StreamError::Unsafe(name, found, wanted)),
    }
}

fn is_missing(error: &async_nats::jetstream::context::GetStreamError) -> bool {
    use async_nats::jetstream::{ErrorCode, context::GetStreamErrorKind};
    matches!(error.kind(), GetStreamErrorKind::JetStream(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn config(id: Uuid) -> Config {
    Config {
        name: NAME.into(),
        description: Some("Annals: everything that happened, for ever".into()),
        subjects: vec![SUBJECTS.into()],
        metadata: HashMap::from([(LOG_ID.into(), id.to_string())]),
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: 1,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_bytes: -1,
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        ..Config::default()
    }
}

/// Every setting by which events could go or change, and what appending and reading stand on. The number of replicas is the operator's.
fn rules(found: &Config) -> [Rule; 21] {
    let wanted = config(Uuid::nil());
    [
        (
            found.subjects != [OLD_SUBJECTS],
            "the layout of a build before 0.1, which cannot be read any more",
            "made anew",
        ),
        (found.subjects == wanted.subjects, "other subjects", "`events.*` alone"),
        (found.storage == wanted.storage, "memory storage", "on file"),
        (found.retention == wanted.retention, "a retention policy", "limits, without limits"),
        (found.max_messages <= 0, "a limit on messages", "unlimited"),
        (found.max_messages_per_subject <= 0, "a limit on messages per subject", "unlimited"),
        (found.max_bytes <= 0, "a limit on bytes", "unlimited"),
        (found.max_age.is_zero(), "a limit on age", "unlimited"),
        (found.discard == wanted.discard, "discard: old", "discard: new"),
        (found.deny_delete && found.deny_purge, "deletion allowed", "deny_delete and deny_purge"),
        (found.allow_direct, "direct get off", "allow_direct"),
        // With s2 one flipped bit and an unclean stop made the server drop the whole stream.
        (matches!(found.compression, None | Some(Compression::None)), "compression", "uncompressed"),
        (!found.allow_rollup, "roll-ups allowed", "without roll-ups"),
        (!found.allow_message_ttl, "messages that expire", "without message TTLs"),
        (!found.no_ack, "no acknowledgements", "one that acknowledges"),
        (!found.sealed, "a seal", "open for new events"),
        (found.max_message_size <= 0, "a limit on message size", "unlimited"),
        (found.subject_transform.is_none(), "a subject transform", "without one"),
        (found.mirror.is_none(), "a mirror's contents", "no mirror"),
        (found.sources.as_ref().is_none_or(Vec::is_empty), "sources", "without sources"),
        (found.persist_mode.is_none(), "another persist mode", "the default one"),
    ]
}
