//! What reactors remember beside the log: a key-value bucket on the same server.

use async_nats::jetstream::{
    context::KeyValueErrorKind,
    kv::{Config, Store},
    stream::StorageType,
};

use crate::{LogError, Nats, jetstream_log::within, log::unavailable};

/// Holds a floor for each reactor, and the deliveries that have been begun.
const NAME: &str = "reactors";

/// How long the server remembers that a key was there once. Any time will do.
pub(crate) const MARKER: std::time::Duration = std::time::Duration::from_mins(1);

/// Opens the bucket; one that is not there, or not any more, is made.
pub(crate) async fn open(nats: &Nats) -> Result<Store, LogError> {
    let found = within(nats.jetstream.get_key_value(NAME)).await?;
    let store = match found {
        Ok(store) => store,
        Err(error) if error.kind() == KeyValueErrorKind::GetBucket => {
            let config = Config {
                bucket: NAME.into(),
                description: "Annals: how far reactors are, and what they have begun to deliver".into(),
                history: 1,
                storage: StorageType::File,
                num_replicas: 1,
                limit_markers: Some(MARKER),
                ..Config::default()
            };
            within(Box::pin(nats.jetstream.create_key_value(config))).await?.map_err(unavailable)?
        }
        Err(error) => return Err(unavailable(error)),
    };
    check(&store).map(|()| store)
}

/// Somebody may have made it with settings that would forget.
fn check(store: &Store) -> Result<(), LogError> {
    let found = &store.stream.cached_info().config;
    let keeps = found.storage == StorageType::File
        && found.max_age.is_zero()
        && found.max_messages <= 0
        && found.max_bytes <= 0
        && found.allow_message_ttl;
    if keeps {
        return Ok(());
    }
    let name = &store.stream_name;
    Err(unavailable(format!("{name} has to be on file, without limits, and with time-outs for messages")))
}
