//! Evidence that something may have left the system: written before the attempt, deleted after its outcome is in
//! the log.

use annals_core::log::LogError;
use async_nats::jetstream::kv::CreateErrorKind;
use tracing::debug;
use uuid::Uuid;

use super::{MARKER_TTL, REACTORS, latest};
use crate::{
    Nats,
    leader::{unavailable, within},
};

/// Deliveries that have been begun and have no outcome yet, over all instances. Clones share an owner.
#[derive(Debug, Clone)]
pub struct DeliveryMarkers {
    nats: Nats,
    /// What is written. The owner's own marker means that it has not sent: what it has sent it records, and does not
    /// begin again.
    owner: Uuid,
}

impl Nats {
    /// The deliveries that have no outcome yet, for a new owner. Each time that a process takes a lease it needs
    /// another one: it may have sent before it lost the lease, and not have recorded that.
    #[must_use]
    pub fn delivery_markers(&self) -> DeliveryMarkers {
        DeliveryMarkers { nats: self.clone(), owner: Uuid::new_v4() }
    }
}

impl DeliveryMarkers {
    /// Marks the delivery of `id` as begun. True if another owner has marked it: it may have succeeded, and have
    /// ended before it could record that.
    ///
    /// # Errors
    /// When it cannot be marked: then it must not be attempted.
    pub async fn begin(&self, id: Uuid) -> Result<bool, LogError> {
        let store = REACTORS.open(&self.nats).await?;
        match within(store.create(key(id), self.owner.to_string().into())).await? {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => {
                let found = latest(&store, &key(id)).await?;
                Ok(found.is_some_and(|marker| marker.payload != self.owner.to_string().as_bytes()))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Deletes the marker: the outcome is known. A marker that stays does no harm to a settled delivery.
    pub async fn end(&self, id: Uuid) {
        let deleted = async {
            let store = REACTORS.open(&self.nats).await?;
            within(store.purge_with_ttl(key(id), MARKER_TTL)).await?.map_err(unavailable)
        };
        if let Err(error) = deleted.await {
            debug!(%id, %error, "the marker of a delivery stays");
        }
    }
}

fn key(id: Uuid) -> String {
    format!("attempt.{id}")
}
