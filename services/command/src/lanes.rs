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
    /// Who is in the lane: the one whose turn it is, and those who wait for theirs.
    commands: Mutex<Vec<Uuid>>,
}

/// The right to be the only one, in this process, who changes an aggregate.
pub(crate) struct Turn {
    /// The aggregate as it was left, if it was used before.
    pub aggregate: OwnedMutexGuard<Option<Aggregate>>,
    _place: Place,
}

/// A command's place in a lane, from its coming to its end.
struct Place {
    lane: Arc<Lane>,
    command: Uuid,
}

/// Aggregates that are kept in memory.
const KEPT: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not zero");

/// How long a command waits for those before it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Lanes {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }

    /// Waits for one's turn with an aggregate. A repeat waits for the first one with its id.
    pub(crate) async fn enter(&self, stream: &StreamId, command: Uuid) -> Result<Turn, Failure> {
        let lane = lock(&self.0).get_or_insert_ref(stream, Arc::default).clone();
        let (place, repeats) = Place::take(lane, command);
        match timeout(PATIENCE, place.lane.aggregate.clone().lock_owned()).await {
            Ok(aggregate) => Ok(Turn { aggregate, _place: place }),
            Err(_) if repeats => Err(Failure::CommandInFlight),
            Err(_) => Err(Failure::Unavailable { detail: format!("too many commands wait for {stream}") }),
        }
    }
}

impl Place {
    /// A place at the end of the lane, and whether the same command is in it already.
    fn take(lane: Arc<Lane>, command: Uuid) -> (Self, bool) {
        let repeats = {
            let mut commands = lock(&lane.commands);
            let repeats = commands.contains(&command);
            commands.push(command);
            repeats
        };
        (Self { lane, command }, repeats)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut commands = lock(&self.lane.commands);
        if let Some(place) = commands.iter().position(|command| *command == self.command) {
            commands.remove(place);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn why_not(lanes: &Lanes, stream: &StreamId, command: u128) -> Failure {
        lanes.enter(stream, Uuid::from_u128(command)).await.err().expect("the lane is taken")
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_why() {
        let (lanes, stream) = (Arc::new(Lanes::new()), StreamId::new("jar", Uuid::from_u128(1)));
        let first = lanes.enter(&stream, Uuid::from_u128(1)).await;

        let (second, its_repeat, repeat) = tokio::join!(
            why_not(&lanes, &stream, 2),
            why_not(&lanes, &stream, 2),
            why_not(&lanes, &stream, 1)
        );
        assert!(matches!(second, Failure::Unavailable { .. }), "{second:?}");
        assert_eq!((its_repeat, repeat), (Failure::CommandInFlight, Failure::CommandInFlight));

        drop(first);
        assert!(lanes.enter(&stream, Uuid::from_u128(1)).await.is_ok(), "nobody is left in the lane");
    }

    #[tokio::test(start_paused = true)]
    async fn lanes_do_not_wait_for_each_other() {
        let lanes = Lanes::new();
        let [one, two] = [1, 2].map(|id| StreamId::new("jar", Uuid::from_u128(id)));
        let _first = lanes.enter(&one, Uuid::from_u128(1)).await;
        assert!(lanes.enter(&two, Uuid::from_u128(1)).await.is_ok());
    }
}
