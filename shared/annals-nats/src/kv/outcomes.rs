//! What became of commands that were carried out later: kept for a day.

use std::time::Duration;

use annals_core::{Outcome, log::LogError};
use async_nats::jetstream::{
    kv::{Store, UpdateErrorKind},
    stream::StorageType,
};
use bytes::Bytes;
use tracing::debug;
use uuid::Uuid;

use super::{Bucket, latest};
use crate::{
    Nats,
    leader::{unavailable, within},
};

/// By the command's id.
const OUTCOMES: Bucket = Bucket {
    name: "outcomes",
    description: "Annals: what became of asynchronous commands",
    storage: StorageType::File,
    max_age: Duration::from_hours(24),
    markers: false,
};

/// The outcomes of commands, over all instances.
#[derive(Debug, Clone)]
pub struct Outcomes {
    nats: Nats,
}

/// An outcome as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The outcome.
    pub outcome: Outcome,
    /// A change has to name it.
    revision: u64,
}

impl Nats {
    /// The outcomes of commands.
    #[must_use]
    pub fn outcomes(&self) -> Outcomes {
        Outcomes { nats: self.clone() }
    }
}

/// What stands under a key.
#[derive(Default)]
struct Found {
    outcome: Option<Outcome>,
    /// 0 where nothing ever stood.
    revision: u64,
}

/// How often the revision is looked up again that another instance has written meanwhile.
const LOOKS: usize = 3;

impl Outcomes {
    /// Makes the place where they are kept, if there is none, and checks that it keeps them.
    ///
    /// # Errors
    /// When the server cannot be asked, or it was made with settings that would forget.
    pub async fn prepare(&self) -> Result<(), LogError> {
        OUTCOMES.open(&self.nats).await.map(drop)
    }

    /// The outcome of a command, from the leader: one that was kept is not missed.
    ///
    /// # Errors
    /// When the server cannot be asked, or what stands there is no outcome.
    pub async fn find(&self, command: Uuid) -> Result<Option<Kept>, LogError> {
        let Found { outcome, revision } = look(&OUTCOMES.open(&self.nats).await?, command).await?;
        Ok(outcome.map(|outcome| Kept { outcome, revision }))
    }

    /// Keeps an outcome. What was stored in the log is true whatever others say. A no, or that nothing
    /// changed, is true if nothing was kept since `seen`: another instance may have been faster, and
    /// have carried it out.
    ///
    /// # Errors
    /// When it may not be kept: then the command is not dealt with.
    pub async fn keep(&self, command: Uuid, outcome: &Outcome, seen: Option<&Kept>) -> Result<(), LogError> {
        let store = OUTCOMES.open(&self.nats).await?;
        let bytes = Bytes::from(serde_json::to_vec(outcome).expect("an outcome is plain data"));
        let key = command.to_string();
        if outcome.is_in_the_log() {
            return within(store.put(key, bytes)).await?.map(drop).map_err(unavailable);
        }
        let mut revision = seen.map_or(0, |seen| seen.revision);
        for _ in 0..LOOKS {
            match within(store.update(&key, bytes.clone(), revision)).await? {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {}
                Err(error) => return Err(unavailable(error)),
            }
            // What was seen may be gone by now, because of its age.
            let there = look(&store, command).await?;
            if there.outcome.is_some() {
                debug!(%command, "another instance has kept its outcome");
                return Ok(());
            }
            revision = there.revision;
        }
        Err(unavailable("others change its outcome all the time"))
    }
}

/// Where there is no text an outcome was taken away.
async fn look(store: &Store, command: Uuid) -> Result<Found, LogError> {
    let Some(message) = latest(store, &command.to_string()).await? else { return Ok(Found::default()) };
    let (text, revision) = (&message.payload, message.sequence);
    let outcome = (!text.is_empty()).then(|| serde_json::from_slice(text)).transpose();
    Ok(Found { outcome: outcome.map_err(unavailable)?, revision })
}
