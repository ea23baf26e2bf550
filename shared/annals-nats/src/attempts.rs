//! Evidence that something may have left the system: noted before, forgotten after its outcome is
//! in the log.

use async_nats::jetstream::kv::CreateErrorKind;
use tracing::debug;
use uuid::Uuid;

use crate::{
    LogError, Nats,
    bucket::{MARKER, REACTORS},
    jetstream_log::within,
    log::unavailable,
};

/// Attempts that have been begun and have no outcome yet, over all instances.
#[derive(Debug, Clone)]
pub struct Attempts {
    nats: Nats,
    /// What this process notes. Its own note means that it has not sent: what it has sent it records,
    /// and does not begin again.
    note: String,
}

impl Nats {
    /// The attempts that have no outcome yet.
    #[must_use]
    pub fn attempts(&self) -> Attempts {
        Attempts { nats: self.clone(), note: Uuid::new_v4().to_string() }
    }
}

impl Attempts {
    /// Notes that `id` is about to be attempted. True if there is a note already: whoever wrote it
    /// may have succeeded, and did not live to say so.
    ///
    /// # Errors
    /// When it cannot be noted: then it must not be attempted.
    pub async fn begin(&self, id: Uuid) -> Result<bool, LogError> {
        let store = REACTORS.open(&self.nats).await?;
        match within(store.create(key(id), self.note.clone().into())).await? {
            Ok(_) => Ok(false),
            Err(error) if error.kind() == CreateErrorKind::AlreadyExists => {
                let kept = within(store.get(key(id))).await?.map_err(unavailable)?;
                Ok(kept.is_some_and(|kept| kept != self.note.as_bytes()))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Forgets the attempt: its outcome is known. A note that stays does no harm to a settled one.
    pub async fn end(&self, id: Uuid) {
        let forgotten = async {
            let store = REACTORS.open(&self.nats).await?;
            within(store.purge_with_ttl(key(id), MARKER)).await?.map_err(unavailable)
        };
        if let Err(error) = forgotten.await {
            debug!(%id, %error, "the note of an attempt stays");
        }
    }
}

fn key(id: Uuid) -> String {
    format!("attempt.{id}")
}
