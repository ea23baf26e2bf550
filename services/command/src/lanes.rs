//! One lane per aggregate: its commands are carried out one after the other, on a cached state.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use annals_core::{StreamId, bus::Failure};
use lru::LruCache;
use tokio::{sync::OwnedMutexGuard, time::timeout};
use uuid::Uuid;

use crate::aggregate::Aggregate;

/// The lanes of the aggregates that were used last.
///
/// A lane that was forgotten while somebody is in it costs a conflict, never a wrong event: the
/// log checks every append.
pub(crate) struct Lanes(Mutex<LruCache<StreamId, Arc<Lane>>>);

/// The way to one aggregate.
#[derive(Default)]
struct Lane {
    aggregate: Arc<tokio::sync::Mutex<Option<Aggregate>>>,
    running: Mutex<Option<Uuid>>,
}

/// The right to be the only one, in this process, who changes an aggregate.
pub(crate) struct Turn {
    /// The aggregate as it was left, if it was used before.
    pub aggregate: OwnedMutexGuard<Option<Aggregate>>,
    lane: Arc<Lane>,
}

/// Aggregates that are kept in memory.
const KEPT: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not zero");

/// How long a command waits for those before it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Lanes {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }

    /// Waits for one's turn with an aggregate.
    pub(crate) async fn enter(&self, stream: &StreamId, command: Uuid) -> Result<Turn, Failure> {
        let lane = lock(&self.0).get_or_insert_ref(stream, Arc::default).clone();
        match timeout(PATIENCE, lane.aggregate.clone().lock_owned()).await {
            Ok(aggregate) => {
                *lock(&lane.running) = Some(command);
                Ok(Turn { aggregate, lane })
            }
            Err(_) if *lock(&lane.running) == Some(command) => Err(Failure::CommandInFlight),
            Err(_) => Err(Failure::Unavailable { detail: format!("too many commands wait for {stream}") }),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *lock(&self.lane.running) = None;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
