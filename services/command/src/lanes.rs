//! One lane per aggregate: its commands are carried out one after the other, on a cached state.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use annals_core::bus::Failure;
use tokio::{sync::OwnedMutexGuard, time::timeout};
use uuid::Uuid;

use crate::{
    aggregate::Aggregate,
    cache::{Cache, Fill, Key},
};

/// The lanes of the aggregates that are worked on, and the aggregates that rest meanwhile.
#[derive(Clone)]
pub(crate) struct Lanes(Arc<Mutex<Inner>>);

struct Inner {
    lanes: HashMap<Key, Lane>,
    cache: Cache,
    /// Whether the pass over the log, if there was one, has come to its end.
    warm: bool,
}

/// The way to one aggregate. It is there while somebody is in it.
struct Lane {
    aggregate: Arc<tokio::sync::Mutex<Option<Aggregate>>>,
    /// Who is in the lane: the one whose turn it is, and those who wait for theirs.
    commands: Vec<Uuid>,
}

/// The right to be the only one, in this process, who changes an aggregate.
pub(crate) struct Turn {
    /// The aggregate as it was left, if it was used before.
    pub aggregate: OwnedMutexGuard<Option<Aggregate>>,
    _place: Place,
}

/// A command's place in a lane, from its coming to its end.
struct Place {
    lanes: Lanes,
    key: Key,
    command: Uuid,
}

/// How long a command waits for those before it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Lanes {
    /// Keeps so many bytes of aggregates at rest.
    pub(crate) fn new(budget: usize) -> Self {
        let inner = Inner { lanes: HashMap::new(), cache: Cache::new(budget), warm: false };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Waits for one's turn with an aggregate. A repeat waits for the first one with its id.
    pub(crate) async fn enter(&self, key: Key, command: Uuid) -> Result<Turn, Failure> {
        let (place, lane, repeats) = {
            let mut inner = self.lock();
            let lane = inner.lane(key);
            let repeats = lane.commands.contains(&command);
            lane.commands.push(command);
            (Place { lanes: self.clone(), key, command }, lane.aggregate.clone(), repeats)
        };
        match timeout(PATIENCE, lane.lock_owned()).await {
            Ok(mut aggregate) => {
                // Here and not at the door: the pass may have left it while one waited.
                if aggregate.as_ref().is_some_and(|it| it.tentative) && !self.lock().warm {
                    *aggregate = None;
                }
                Ok(Turn { aggregate, _place: place })
            }
            Err(_) if repeats => Err(Failure::CommandInFlight),
            Err(_) => Err(Failure::Unavailable { detail: format!("too many commands wait for {key}") }),
        }
    }

    /// One's turn with an aggregate that nobody works on.
    pub(crate) fn enter_empty(&self, key: Key) -> Option<Turn> {
        let mut inner = self.lock();
        if inner.lanes.contains_key(&key) {
            return None;
        }
        let lane = inner.lane(key);
        lane.commands.push(Uuid::nil());
        let aggregate = lane.aggregate.clone().try_lock_owned().ok();
        drop(inner); // before the place, which locks when it is given up
        let place = Place { lanes: self.clone(), key, command: Uuid::nil() };
        aggregate.map(|aggregate| Turn { aggregate, _place: place })
    }

    /// From now on what was folded by the way is as good as what was loaded.
    pub(crate) fn warmed(&self) {
        self.lock().warm = true;
    }

    /// Drops what was folded by the way: the pass has not come to the log's end, and never will.
    pub(crate) fn not_warmed(&self) {
        // All of it is taken out at once and gone through afterwards: there may be a million.
        let mut resting = self.lock().cache.clear();
        while let Some((key, aggregate)) = resting.pop() {
            if !aggregate.tentative {
                let _out = self.lock().put_back(key, aggregate);
            }
        }
    }

    /// How much rests.
    pub(crate) fn fill(&self) -> Fill {
        self.lock().cache.fill()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The lane of an aggregate. If nobody is in it, the aggregate is in it as it rested.
    fn lane(&mut self, key: Key) -> &mut Lane {
        let Self { lanes, cache, .. } = self;
        lanes.entry(key).or_insert_with(|| Lane {
            aggregate: Arc::new(tokio::sync::Mutex::new(cache.take(&key))),
            commands: Vec::new(),
        })
    }

    /// The last one to leave a lane leaves the aggregate to the cache. Returns those that make room for it,
    /// to be freed when nobody waits for the lock.
    fn leave(&mut self, key: Key, command: Uuid) -> Vec<Aggregate> {
        let Some(lane) = self.lanes.get_mut(&key) else { return Vec::new() };
        if let Some(place) = lane.commands.iter().position(|it| *it == command) {
            lane.commands.swap_remove(place);
        }
        if lane.commands.is_empty()
            && let Some(lane) = self.lanes.remove(&key)
            && let Some(aggregate) = lane.aggregate.try_lock().ok().and_then(|mut it| it.take())
        {
            return self.cache.put(key, aggregate);
        }
        Vec::new()
    }

    /// Lets an aggregate rest again, unless it has been loaded meanwhile, and may be newer.
    fn put_back(&mut self, key: Key, aggregate: Aggregate) -> Vec<Aggregate> {
        if self.lanes.contains_key(&key) || self.cache.holds(&key) {
            return vec![aggregate];
        }
        self.cache.put(key, aggregate)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _out = self.lanes.lock().leave(self.key, self.command);
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
