//! Where a reactor goes on: its checkpoint, compared with the log.

use annals_core::{
    Position, Reactor, Start, StoredCommit,
    log::{Checkpoint, Entry, Head, Log, header},
};
use annals_nats::{JetStreamLog, ReactorCheckpoint, ReactorCheckpoints};
use anyhow::{Context as _, bail, ensure};

use crate::unsettled::address;

/// Where a reactor goes on.
pub(crate) struct Resumed {
    pub checkpoint: ReactorCheckpoint,
    /// What the checkpoint lists as unsettled, oldest first.
    pub unsettled: Vec<StoredCommit>,
}

/// Loads the checkpoint of a reactor, or makes its first one.
///
/// # Errors
/// When the server cannot be asked, or the log is not the one that the checkpoint is about.
pub(crate) async fn resume(
    reactor: &Reactor,
    checkpoints: &ReactorCheckpoints,
    log: &JetStreamLog,
) -> anyhow::Result<Resumed> {
    let checkpoint = match checkpoints.load(reactor.name).await? {
        Some(checkpoint) => checkpoint,
        None => checkpoints.create(reactor.name, first(reactor, log).await?).await?,
    };
    verify(&checkpoint, log).await?;
    let unsettled = fetch(&checkpoint, log).await?;
    Ok(Resumed { checkpoint, unsettled })
}

/// A head comes from reading only. So a reactor that begins now begins to read where all do, and reacts to what
/// stands after today's end.
async fn first(reactor: &Reactor, log: &JetStreamLog) -> anyhow::Result<ReactorCheckpoint> {
    let start = match reactor.from {
        Start::Beginning => 0,
        Start::Now => log.end().await?,
    };
    let read = Checkpoint::start(log.id());
    Ok(ReactorCheckpoint { log_id: log.id(), start, read, unsettled: Vec::new() })
}

/// From a wrong head every entry would look foreign, and be skipped.
async fn verify(checkpoint: &ReactorCheckpoint, log: &JetStreamLog) -> anyhow::Result<()> {
    let ReactorCheckpoint { log_id, read: Checkpoint { position, head }, .. } = checkpoint;
    ensure!(*log_id == log.id(), "its checkpoint is of log {log_id}, and this is log {}", log.id());
    let end = log.end().await?;
    ensure!(*position <= end, "its checkpoint is at position {position}, and the log ends at {end}");
    if *head == Head::start(*log_id) {
        return Ok(());
    }
    let found = log.get(head.position).await?;
    let same = found.is_some_and(|it| it.is_at(*head));
    ensure!(same, "position {} does not hold the entry that its checkpoint names", head.position);
    Ok(())
}

async fn fetch(checkpoint: &ReactorCheckpoint, log: &JetStreamLog) -> anyhow::Result<Vec<StoredCommit>> {
    let mut commits: Vec<StoredCommit> = Vec::with_capacity(checkpoint.unsettled.len());
    let mut entry: Option<Entry> = None;
    for wanted in &checkpoint.unsettled {
        if entry.as_ref().is_none_or(|entry| entry.position != wanted.position()) {
            entry = Some(get(log, wanted.position()).await?);
        }
        let stored = entry.iter().flat_map(|entry| &entry.commits).find(|stored| address(stored) == *wanted);
        let Some(stored) = stored else { bail!("there is no commit at {wanted}") };
        commits.push(stored.clone());
    }
    Ok(commits)
}

/// It was read in its place before.
async fn get(log: &JetStreamLog, position: Position) -> anyhow::Result<Entry> {
    let message = log.get(position).await?;
    let message = message.with_context(|| format!("position {position} is missing from the log"))?;
    let hash = message.header(header::HASH).and_then(|hash| hash.parse().ok());
    let hash = hash.with_context(|| format!("position {position} holds no entry"))?;
    Ok(Entry::decode(position, hash, &message.body)?)
}
