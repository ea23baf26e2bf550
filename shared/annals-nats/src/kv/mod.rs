//! Key-value buckets on the same server, beside the log.

mod checkpoints;
mod delivery_markers;
mod lease;
mod lease_key;
mod outcomes;

use std::{sync::atomic::Ordering, time::Duration};

use annals_core::log::LogError;
use async_nats::jetstream::{
    context::KeyValueErrorKind,
    kv::{Config, Store},
    message::StreamMessage,
    stream::StorageType,
};

use crate::{
    Nats,
    leader::{found, unavailable, within},
    log::stream,
};

pub use checkpoints::{ReactorCheckpoint, ReactorCheckpoints};
pub use delivery_markers::DeliveryMarkers;
pub use lease::{Held, Lease, LeaseTiming};
pub use outcomes::{Kept, Outcomes};

/// How long the server remembers that a key was deleted. Any time will do.
const MARKER_TTL: Duration = Duration::from_mins(1);

/// A bucket that is made when it is first used.
struct Bucket {
    name: &'static str,
    description: &'static str,
    /// In memory its values are gone when the server restarts, and writing one needs no sync.
    storage: StorageType,
    /// How long a value is kept; zero: for ever.
    max_age: Duration,
    /// Whether a deleted key leaves a marker that goes by itself. Where values go because of their age, the server
    /// would leave markers, too.
    markers: bool,
}

/// What reactors remember: a checkpoint for each, and the deliveries that have been begun.
const REACTORS: Bucket = Bucket {
    name: "reactors",
    description: "Annals: how far reactors are, and what they have begun to deliver",
    storage: StorageType::File,
    max_age: Duration::ZERO,
    markers: true,
};

impl Bucket {
    /// Opens it; one that is not there, or not any more, is made.
    async fn open(&self, nats: &Nats) -> Result<Store, LogError> {
        let found = within(nats.jetstream.get_key_value(self.name)).await?;
        let store = match found {
            Ok(store) => store,
            Err(error) if error.kind() == KeyValueErrorKind::GetBucket => self.make(nats).await?,
            Err(error) => return Err(unavailable(error)),
        };
        self.check(&store).map(|()| store)
    }

    /// With as many replicas as the log: what is kept here has to survive what the log survives.
    async fn make(&self, nats: &Nats) -> Result<Store, LogError> {
        let events = within(nats.jetstream.get_stream(stream::NAME)).await?;
        let config = Config {
            bucket: self.name.into(),
            description: self.description.into(),
            history: 1,
            max_age: self.max_age,
            storage: self.storage,
            num_replicas: events.map_or(1, |events| events.cached_info().config.num_replicas),
            limit_markers: self.markers.then_some(MARKER_TTL),
            ..Config::default()
        };
        let made = within(Box::pin(nats.jetstream.create_key_value(config))).await?.map_err(unavailable)?;
        if self.storage == StorageType::Memory {
            nats.made_leases.store(true, Ordering::Relaxed);
        }
        Ok(made)
    }

    /// It may have been made by hand, with settings that would forget.
    fn check(&self, store: &Store) -> Result<(), LogError> {
        let found = &store.stream.cached_info().config;
        let keeps = found.storage == self.storage
            && found.max_age == self.max_age
            && found.max_messages <= 0
            && found.max_bytes <= 0
            && (found.allow_message_ttl || !self.markers);
        if keeps {
            return Ok(());
        }
        let (name, storage, age) = (&store.stream_name, self.storage, self.max_age);
        let markers = if self.markers { ", and time-outs for messages" } else { "" };
        Err(unavailable(format!(
            "{name} has to be on storage {storage:?}, with a max_age of {age:?}, no other limits{markers}"
        )))
    }
}

/// What stands under a key, from the leader: nothing that was acknowledged is missed. Without a payload: it was
/// deleted.
async fn latest(store: &Store, key: &str) -> Result<Option<StreamMessage>, LogError> {
    let subject = format!("{}{key}", store.prefix);
    found(store.stream.get_last_raw_message_by_subject(&subject)).await
}
