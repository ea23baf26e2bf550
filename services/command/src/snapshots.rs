//! Snapshots of long streams: written in the background, read when a stream is loaded, and never trusted.
//! Whatever goes wrong with them, commands are carried out as if there were none.

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use annals_core::{Category, Position, StreamId};
use annals_sqlite::{Snapshot, SnapshotError, Snapshots as Store};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::aggregate::Aggregate;

/// So many commits after its last snapshot an aggregate gets another one, and before that none: what
/// follows a snapshot is read with one request, and one write in the background goes with 500 fsyncs.
const EVERY: u32 = 500;

/// Snapshots that wait to be written; each takes about 60 KB. What finds no place is offered again
/// after the aggregate's next commit.
const WAITING: usize = 64;

/// How long a command waits for its snapshot: far longer than a row takes on a busy machine, and short of
/// what a command may take.
const PATIENCE: Duration = Duration::from_secs(3);

type Known = HashMap<(StreamId, u32), Position>;

/// The snapshots in a directory. Clones share them.
#[derive(Clone)]
pub struct Snapshots(Arc<Shared>);

struct Shared {
    store: Store,
    /// Of which streams, by the rules of which revision, there may be one, and where it ends: the others
    /// need not be asked for.
    known: Mutex<Known>,
    queue: Sender<Snapshot>,
    off: AtomicBool,
}

/// What writes the snapshots that are offered.
pub struct Writer {
    snapshots: Snapshots,
    waiting: Receiver<Snapshot>,
}

impl Snapshots {
    /// Opens a directory. None if that cannot be, which is said once and is no reason not to begin.
    pub async fn open(directory: &Path) -> Option<(Self, Writer)> {
        match Self::try_open(directory).await {
            Ok(opened) => Some(opened),
            Err(error) => {
                warn!(directory = %directory.display(), "no snapshots, every stream is folded whole: {error}");
                None
            }
        }
    }

    async fn try_open(directory: &Path) -> Result<(Self, Writer), SnapshotError> {
        let store = Store::open(directory).await?;
        let known = store.ends().await.inspect_err(|error| {
            if error.is_of_the_file() {
                discard(&store);
            }
        })?;
        info!("{} snapshots in {}", known.len(), directory.display());
        let (queue, waiting) = mpsc::channel(WAITING);
        let shared = Shared { store, known: Mutex::new(known), queue, off: AtomicBool::new(false) };
        let snapshots = Self(Arc::new(shared));
        Ok((snapshots.clone(), Writer { snapshots, waiting }))
    }

    /// The aggregate as it was when its last snapshot was taken, if there is one. Whether it is of this
    /// log is still to be found out.
    pub(crate) async fn find(&self, category: &Category, stream: &StreamId) -> Option<Aggregate> {
        if self.is_off() || !self.known().contains_key(&key(category, stream)) {
            return None;
        }
        let found = timeout(PATIENCE, self.0.store.find(stream, category.revision)).await;
        match found {
            Ok(Ok(Some(snapshot))) => Aggregate::decode(category, &snapshot),
            Ok(Ok(None)) => None,
            Ok(Err(error)) => {
                self.give_up(&error.to_string(), error.is_of_the_file());
                None
            }
            // The disk or the whole process was busy. To go on without it takes longer, and is as good.
            Err(_) => {
                count("late");
                None
            }
        }
    }

    /// Forgets a snapshot that has turned out to be of another log. The next one takes its place.
    pub(crate) fn forget(&self, category: &Category, stream: &StreamId) {
        self.known().remove(&key(category, stream));
    }

    /// Has a snapshot taken if the aggregate has come far enough since the last one.
    pub(crate) fn offer(&self, category: &Category, stream: &StreamId, aggregate: &mut Aggregate) {
        if aggregate.unsaved < EVERY || self.is_off() {
            return;
        }
        // It may have been folded from the beginning, and its snapshot be there.
        let end = self.known().get(&key(category, stream)).copied();
        if let Some(since) = end.and_then(|end| aggregate.since(end)) {
            aggregate.unsaved = since;
            if since < EVERY {
                return;
            }
        }
        match self.0.queue.try_reserve() {
            Ok(place) => {
                aggregate.unsaved = 0;
                place.send(aggregate.encode(category, stream));
            }
            Err(_) => count("dropped"),
        }
    }

    /// None from now on, until the service starts again.
    fn give_up(&self, reason: &str, unsound: bool) {
        if self.0.off.swap(true, Ordering::Relaxed) {
            return;
        }
        warn!("no more snapshots until the next start, every stream is folded whole: {reason}");
        if unsound {
            discard(&self.0.store);
        }
    }

    fn is_off(&self) -> bool {
        self.0.off.load(Ordering::Relaxed)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Writes what is offered until `stop`, then what still waits.
    pub async fn write(mut self, stop: CancellationToken) {
        while let Some(Some(snapshot)) = stop.run_until_cancelled(self.waiting.recv()).await {
            self.keep(&snapshot).await;
        }
        while let Ok(snapshot) = self.waiting.try_recv() {
            self.keep(&snapshot).await;
        }
        self.snapshots.0.store.close().await;
    }

    async fn keep(&self, snapshot: &Snapshot) {
        if self.snapshots.is_off() {
            return;
        }
        match self.snapshots.0.store.keep(snapshot).await {
            Ok(()) => {
                let key = (snapshot.stream.clone(), snapshot.revision);
                self.snapshots.known().insert(key, snapshot.position);
                count("kept");
            }
            Err(error) => self.snapshots.give_up(&error.to_string(), error.is_of_the_file()),
        }
    }
}

fn key(category: &Category, stream: &StreamId) -> (StreamId, u32) {
    (stream.clone(), category.revision)
}

fn discard(store: &Store) {
    if let Err(error) = store.discard() {
        warn!("the file of the snapshots cannot be removed: {error}");
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("annals_snapshots_total", "outcome" => outcome).increment(1);
}

#[cfg(test)]
#[path = "snapshots_tests.rs"]
mod tests;
