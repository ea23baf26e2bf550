//! How far reactors are.

use annals_core::{
    Address, Position,
    log::{Checkpoint, LogError},
};
use async_nats::jetstream::message::StreamMessage;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{REACTORS, latest};
use crate::{
    Nats,
    leader::{unavailable, within},
};

/// How far a reactor is. It may lag: what is done again is recognised by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactorCheckpoint {
    /// The log that it is about.
    pub log_id: Uuid,
    /// Events up to here happened before the reactor's first start, and are none of its business.
    pub start: Position,
    /// Everything up to here is settled, but for what is listed.
    #[serde(flatten)]
    pub read: Checkpoint,
    /// Commits up to there that are not settled, oldest first: the address of the first event of each.
    pub unsettled: Vec<Address>,
}

/// The checkpoints of all reactors.
#[derive(Debug, Clone)]
pub struct ReactorCheckpoints {
    nats: Nats,
}

impl Nats {
    /// The checkpoints of all reactors.
    #[must_use]
    pub fn reactor_checkpoints(&self) -> ReactorCheckpoints {
        ReactorCheckpoints { nats: self.clone() }
    }
}

impl ReactorCheckpoints {
    /// The checkpoint of a reactor, as the leader has it; none before its first start.
    ///
    /// # Errors
    /// When the server cannot be asked, or something else stands there.
    pub async fn load(&self, reactor: &str) -> Result<Option<ReactorCheckpoint>, LogError> {
        let store = REACTORS.open(&self.nats).await?;
        decode(reactor, latest(&store, &key(reactor)).await?)
    }

    /// Saves the first checkpoint of a reactor, and gives the one that holds: the first to be saved decides.
    ///
    /// # Errors
    /// When it cannot be saved.
    pub async fn create(
        &self,
        reactor: &str,
        first: ReactorCheckpoint,
    ) -> Result<ReactorCheckpoint, LogError> {
        let store = REACTORS.open(&self.nats).await?;
        let found = latest(&store, &key(reactor)).await?;
        let revision = found.as_ref().map_or(0, |message| message.sequence);
        if let Some(other) = decode(reactor, found)? {
            return Ok(other);
        }
        match within(store.update(key(reactor), encode(&first), revision)).await? {
            Ok(_) => Ok(first),
            Err(error) => {
                let other = decode(reactor, latest(&store, &key(reactor)).await?)?;
                other.ok_or_else(|| unavailable(error))
            }
        }
    }

    /// Saves how far a reactor is. Only the holder of its lease does so; if a former one is late, more is done again.
    ///
    /// # Errors
    /// When it cannot be saved. It may have been saved all the same.
    pub async fn save(&self, reactor: &str, checkpoint: &ReactorCheckpoint) -> Result<(), LogError> {
        let store = REACTORS.open(&self.nats).await?;
        within(store.put(key(reactor), encode(checkpoint))).await?.map(drop).map_err(unavailable)
    }
}

fn encode(checkpoint: &ReactorCheckpoint) -> Bytes {
    serde_json::to_vec(checkpoint).expect("a checkpoint is plain data").into()
}

/// Without a payload: it was deleted.
fn decode(reactor: &str, found: Option<StreamMessage>) -> Result<Option<ReactorCheckpoint>, LogError> {
    let found = found.filter(|message| !message.payload.is_empty());
    let checkpoint = found.map(|message| serde_json::from_slice(&message.payload)).transpose();
    checkpoint.map_err(|error| unavailable(format!("the checkpoint of {reactor}: {error}")))
}

fn key(reactor: &str) -> String {
    format!("checkpoint.{reactor}")
}
