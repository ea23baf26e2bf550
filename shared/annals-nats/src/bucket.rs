//! Key-value buckets on the same server, beside the log.

use std::time::Duration;

use async_nats::jetstream::{
    context::KeyValueErrorKind,
    kv::{Config, Store},
    stream::StorageType,
};

use crate::{LogError, Nats, jetstream_log::within, log::unavailable};

/// How long the server remembers that a key was taken away. Any time will do.
pub(crate) const MARKER: Duration = Duration::from_mins(1);

/// A bucket that is made when it is first used.
pub(crate) struct Bucket {
    pub name: &'static str,
    pub description: &'static str,
    /// How long a value is kept; zero: for ever.
    pub max_age: Duration,
    /// Whether keys are taken away, with a marker in their place that goes by itself. Where the server lets
    /// values go because of their age, it would leave markers, too.
    pub markers: bool,
}

/// What reactors remember: a floor for each, and the deliveries that have been begun.
pub(crate) const REACTORS: Bucket = Bucket {
    name: "reactors",
    description: "Annals: how far reactors are, and what they have begun to deliver",
    max_age: Duration::ZERO,
    markers: true,
};

impl Bucket {
    /// Opens it; one that is not there, or not any more, is made.
    pub(crate) async fn open(&self, nats: &Nats) -> Result<Store, LogError> {
        let found = within(nats.jetstream.get_key_value(self.name)).await?;
        let store = match found {
            Ok(store) => store,
            Err(error) if error.kind() == KeyValueErrorKind::GetBucket => {
                let config = Config {
                    bucket: self.name.into(),
                    description: self.description.into(),
                    history: 1,
                    max_age: self.max_age,
                    storage: StorageType::File,
                    num_replicas: 1,
                    limit_markers: self.markers.then_some(MARKER),
                    ..Config::default()
                };
                within(Box::pin(nats.jetstream.create_key_value(config))).await?.map_err(unavailable)?
            }
            Err(error) => return Err(unavailable(error)),
        };
        self.check(&store).map(|()| store)
    }

    /// Somebody may have made it with settings that would forget.
    fn check(&self, store: &Store) -> Result<(), LogError> {
        let found = &store.stream.cached_info().config;
        let keeps = found.storage == StorageType::File
            && found.max_age == self.max_age
            && found.max_messages <= 0
            && found.max_bytes <= 0
            && (found.allow_message_ttl || !self.markers);
        if keeps {
            return Ok(());
        }
        let (name, age) = (&store.stream_name, self.max_age);
        let markers = if self.markers { ", and time-outs for messages" } else { "" };
        Err(unavailable(format!(
            "{name} has to be on file, with a max_age of {age:?}, no other limits{markers}"
        )))
    }
}
