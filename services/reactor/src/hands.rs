//! What one instance of a reactor works on at once: not too much, and nothing twice.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use annals_core::Position;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Commits that one instance works on at once.
const AT_ONCE: usize = 16;

/// The hands of one reactor.
pub(crate) struct Hands {
    reactor: &'static str,
    free: Arc<Semaphore>,
    full: Mutex<HashSet<Position>>,
}

/// Some hands that are free, kept for commits on their way.
pub(crate) struct Free {
    hands: Arc<Hands>,
    permits: OwnedSemaphorePermit,
}

/// A hand with a commit in it. Dropping it frees the hand.
pub(crate) struct Full {
    hands: Arc<Hands>,
    position: Position,
    _permit: OwnedSemaphorePermit,
}

impl Hands {
    pub(crate) fn new(reactor: &'static str) -> Arc<Self> {
        Arc::new(Self { reactor, free: Arc::new(Semaphore::new(AT_ONCE)), full: Mutex::default() })
    }

    /// Waits until a hand is free, and keeps all that are.
    pub(crate) async fn free(self: &Arc<Self>) -> Free {
        let never_closed = "the semaphore is never closed";
        let mut permits = self.free.clone().acquire_owned().await.expect(never_closed);
        let others = u32::try_from(self.free.available_permits()).expect("there are few hands");
        if let Ok(others) = self.free.clone().try_acquire_many_owned(others) {
            permits.merge(others);
        }
        Free { hands: self.clone(), permits }
    }

    /// Whether nothing is being worked on.
    pub(crate) fn are_empty(&self) -> bool {
        self.full().is_empty()
    }

    fn full(&self) -> MutexGuard<'_, HashSet<Position>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measure(&self, full: &HashSet<Position>) {
        let count = u32::try_from(full.len()).expect("there are few hands");
        metrics::gauge!("annals_reactor_in_hand", "reactor" => self.reactor).set(count);
    }
}

impl Free {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.permits.num_permits()
    }

    /// Takes a commit into one of them. None if it is in one already: a connection that was lost
    /// makes the server give it again, and settling it once is enough.
    pub(crate) fn take(&mut self, position: Position) -> Option<Full> {
        let mut full = self.hands.full();
        if full.contains(&position) {
            return None;
        }
        let permit = self.permits.split(1).expect("no more come than were asked for");
        full.insert(position);
        self.hands.measure(&full);
        Some(Full { hands: self.hands.clone(), position, _permit: permit })
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        let mut full = self.hands.full();
        full.remove(&self.position);
        self.hands.measure(&full);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_is_in_one_hand_only() {
        let hands = Hands::new("test");
        let mut free = hands.free().await;
        let first = free.take(7);
        assert!(first.is_some());
        assert!(free.take(7).is_none());
        assert!(free.take(8).is_some());

        drop(first);
        assert!(free.take(7).is_some(), "it may come again");
    }

    #[tokio::test]
    async fn hands_that_are_done_are_free_again() {
        let hands = Hands::new("test");
        let mut free = hands.free().await;
        let full: Vec<_> = (0..AT_ONCE as u64).filter_map(|position| free.take(position)).collect();
        assert_eq!((free.count(), full.len()), (0, AT_ONCE));
        drop(free);

        drop(full);
        assert!(hands.are_empty());
        assert_eq!(hands.free().await.count(), AT_ONCE);
    }
}
