//! What became of commands that were carried out later: kept for a day.

use std::time::Duration;

use annals_core::Outcome;
use async_nats::jetstream::{kv::UpdateErrorKind, stream::RawMessageErrorKind};
use tracing::debug;
use uuid::Uuid;

use crate::{LogError, Nats, bucket::Bucket, jetstream_log::within, log::unavailable};

/// By the command's id.
const OUTCOMES: Bucket = Bucket {
    name: "outcomes",
    description: "Annals: what became of asynchronous commands",
    max_age: Duration::from_hours(24),
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

impl Outcomes {
    /// The outcome of a command, from the leader: one that was kept is not missed.
    ///
    /// # Errors
    /// When the server cannot be asked, or somebody else has written there.
    pub async fn find(&self, command: Uuid) -> Result<Option<Kept>, LogError> {
        let store = OUTCOMES.open(&self.nats).await?;
        let subject = format!("{}{command}", store.prefix);
        match within(store.stream.get_last_raw_message_by_subject(&subject)).await? {
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(unavailable(error)),
            Ok(message) => {
                let outcome = serde_json::from_slice(&message.payload).map_err(unavailable)?;
                Ok(Some(Kept { outcome, revision: message.sequence }))
            }
        }
    }

    /// Keeps an outcome. What was stored in the log is true whatever others say. A no is true if nobody
    /// has kept anything since `seen`: another instance may have been faster, and have carried it out.
    ///
    /// # Errors
    /// When it may not be kept: then the command is not dealt with.
    pub async fn keep(&self, command: Uuid, outcome: &Outcome, seen: Option<&Kept>) -> Result<(), LogError> {
        let store = OUTCOMES.open(&self.nats).await?;
        let bytes = serde_json::to_vec(outcome).expect("an outcome is plain data");
        let key = command.to_string();
        if outcome.reply.is_ok() {
            return within(store.put(key, bytes.into())).await?.map(drop).map_err(unavailable);
        }
        let revision = seen.map_or(0, |seen| seen.revision);
        match within(store.update(key, bytes.into(), revision)).await? {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                debug!(%command, "another instance has kept its outcome");
                Ok(())
            }
            Err(error) => Err(unavailable(error)),
        }
    }
}
