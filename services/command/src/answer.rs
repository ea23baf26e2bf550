//! What is answered to the sender of a command.

use annals_core::{
    EventView, StoredCommit,
    bus::{Accepted, CommandRequest, Failure},
    log::{Entry, Log},
};
use uuid::Uuid;

/// A commit as an answer.
pub(crate) fn accepted(stored: &StoredCommit) -> Accepted {
    Accepted {
        command_id: stored.commit.id,
        category: stored.commit.stream.category.clone(),
        id: stored.commit.stream.id,
        version: stored.commit.version(),
        position: stored.position,
        events: EventView::all(stored),
        replayed: false,
    }
}

/// Nothing had to happen.
pub(crate) fn unchanged(request: &CommandRequest, version: u64, position: u64) -> Accepted {
    Accepted {
        command_id: request.id,
        category: request.stream.category.clone(),
        id: request.stream.id,
        version,
        position,
        events: Vec::new(),
        replayed: false,
    }
}

/// What the command of that id stored, as the entry at a position has it.
pub(crate) async fn stored<L: Log>(log: &L, id: Uuid, position: u64) -> Result<Accepted, Failure> {
    let unavailable = |detail: String| Failure::Unavailable { detail };
    let message = log.get(position).await.map_err(|error| unavailable(error.to_string()))?;
    let gone = || unavailable(format!("the log has nothing at position {position} any more"));
    let message = message.ok_or_else(gone)?;
    // The writer has checked the chain when it folded the entry; its hash is of no use here.
    let hash = annals_core::log::Hash::from_bytes([0; 32]);
    let entry = Entry::decode(position, hash, &message.body)
        .map_err(|error| Failure::EventQuarantined { detail: error.to_string() })?;
    let commit = entry.commits.iter().find(|stored| stored.commit.id == id).ok_or_else(gone)?;
    Ok(Accepted { replayed: true, ..accepted(commit) })
}
