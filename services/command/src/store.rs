//! Writes the state store behind the writer, on a thread of its own.

use std::{collections::HashMap, sync::Arc, thread, time::Duration};

use annals_core::{
    Catalog, Fingerprint, Position, StreamId,
    log::{Checkpoint, Place},
};
use annals_sqlite::{StateBatch, StateWriter, StoredCommand, StoredState};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tracing::{error, warn};
use uuid::Uuid;

use crate::{
    aggregate::{Aggregate, Key},
    condition::Health,
};

/// What one entry changes.
pub(crate) struct Stored {
    pub aggregates: Vec<(Key, Arc<Aggregate>)>,
    pub commands: Vec<(Uuid, Place, Fingerprint)>,
    pub checkpoint: Checkpoint,
}

/// The thread that writes the store.
pub(crate) struct WriteBehind {
    entries: mpsc::Sender<Stored>,
    written: watch::Receiver<Position>,
    thread: thread::JoinHandle<()>,
}

/// It was found to be damaged, or a state could not be encoded: it is made anew at the next start.
#[derive(Debug, Clone, Copy, Error)]
#[error("the state store is not written any more")]
pub(crate) struct StoreEnded;

/// Entries that may wait to be written: then the writer waits for the disk.
const MAX_BEHIND: usize = 1024;

/// Commands that one transaction takes at most.
const MAX_COMMANDS: usize = 20_000;

/// How long changes are gathered before they are written.
const GATHER: Duration = Duration::from_millis(75);

/// Before a transaction that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl WriteBehind {
    /// Begins to write.
    pub(crate) fn start(writer: StateWriter, catalog: Catalog, health: Arc<Health>) -> Self {
        let (entries, to_write) = mpsc::channel(MAX_BEHIND);
        let (progress, written) = watch::channel(0);
        let thread = thread::spawn(move || write(writer, &catalog, to_write, &progress, &health));
        Self { entries, written, thread }
    }

    /// Hands over what an entry changed. Waits while too much is waiting.
    pub(crate) async fn put(&self, stored: Stored) -> Result<(), StoreEnded> {
        self.entries.send(stored).await.map_err(|_| StoreEnded)
    }

    /// The last position whose changes can be read from the store.
    pub(crate) fn written(&self) -> Position {
        *self.written.borrow()
    }

    /// Writes what is left.
    pub(crate) async fn finish(self) {
        drop(self.entries);
        let joined = tokio::task::spawn_blocking(move || self.thread.join());
        if !matches!(joined.await, Ok(Ok(()))) {
            error!("the thread of the state store has failed");
        }
    }
}

fn write(
    mut writer: StateWriter,
    catalog: &Catalog,
    mut entries: mpsc::Receiver<Stored>,
    progress: &watch::Sender<Position>,
    health: &Health,
) {
    while let Some(first) = entries.blocking_recv() {
        if entries.len() < MAX_BEHIND / 2 && !entries.is_closed() {
            thread::sleep(GATHER);
        }
        let (mut stored, mut commands) = (vec![first], 0);
        while commands < MAX_COMMANDS
            && let Ok(next) = entries.try_recv()
        {
            commands += next.commands.len();
            stored.push(next);
        }
        let batch = batch(catalog, stored);
        while let Err(error) = writer.write(&batch) {
            if error.is_damage() || entries.is_closed() {
                return error!("the state store is given up: {error}"); // nothing of it is precious
            }
            warn!("the state store cannot be written, trying again: {error}");
            health.store(Some(error.to_string()));
            thread::sleep(RETRY_AFTER);
        }
        health.store(None);
        progress.send_replace(batch.checkpoint.position);
    }
    if let Err(error) = writer.close() {
        warn!("the state store is not closed, and is made anew if the machine restarts: {error}");
    }
}

/// Of each aggregate only the newest state is written.
fn batch(catalog: &Catalog, stored: Vec<Stored>) -> StateBatch {
    let checkpoint = stored.last().expect("there is a first one").checkpoint;
    let mut newest = HashMap::new();
    let mut commands = Vec::new();
    for Stored { aggregates, commands: of_entry, checkpoint } in stored {
        let position = checkpoint.head.position;
        commands.extend(
            of_entry
                .into_iter()
                .map(|(id, place, fingerprint)| (id, StoredCommand { position, place, fingerprint })),
        );
        newest.extend(aggregates);
    }
    let aggregates = newest.into_iter().map(|(key, aggregate)| {
        let category = catalog.category(key.category).expect("the writer folds categories of the catalog");
        let state = match &aggregate.state {
            Ok(state) => category.encode(state),
            Err(_) => String::new(), // no JSON: to be folded again by a release that can
        };
        let (version, position) = (aggregate.version, aggregate.position);
        (StreamId::new(key.category, key.id), StoredState { version, position, state })
    });
    StateBatch { aggregates: aggregates.collect(), commands, checkpoint }
}
