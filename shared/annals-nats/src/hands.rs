//! What one instance works on at once: not too much, and nothing twice.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use annals_core::Position;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The hands of one crew.
pub struct Hands {
    free: Arc<Semaphore>,
    full: Mutex<HashSet<Position>>,
    /// Tells how many are full.
    measure: Box<dyn Fn(u32) + Send + Sync>,
}

/// Some hands that are free, kept for messages on their way.
pub(crate) struct Free {
    hands: Arc<Hands>,
    permits: OwnedSemaphorePermit,
}

/// A hand with a message in it. Dropping it frees the hand.
pub(crate) struct Full {
    hands: Arc<Hands>,
    position: Position,
    _permit: OwnedSemaphorePermit,
}

impl Hands {
    pub(crate) fn new(count: usize, measure: impl Fn(u32) + Send + Sync + 'static) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(count));
        Arc::new(Self { free, full: Mutex::default(), measure: Box::new(measure) })
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
    #[must_use]
    pub fn are_empty(&self) -> bool {
        self.full().is_empty()
    }

    /// Whether this message is in one of them.
    pub(crate) fn hold(&self, position: Position) -> bool {
        self.full().contains(&position)
    }

    fn full(&self) -> MutexGuard<'_, HashSet<Position>> {
        self.full.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measure(&self, full: &HashSet<Position>) {
        (self.measure)(u32::try_from(full.len()).expect("there are few hands"));
    }
}

impl Free {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.permits.num_permits()
    }

    /// Takes a message into one of them. None if it is in one already: a connection that was lost
    /// makes the server give it again, and settling it once is enough.
    pub(crate) fn take(&mut self, position: Position) -> Option<Full> {
        let mut full = self.hands.full();
        if full.contains(&position) {
            return None;
        }
        let permit = self.permits.split(1).expect("a hand is free");
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

    const AT_ONCE: usize = 3;

    #[tokio::test]
    async fn a_message_is_in_one_hand_only() {
        let hands = Hands::new(AT_ONCE, |_| ());
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
        let hands = Hands::new(AT_ONCE, |_| ());
        let mut free = hands.free().await;
        let full: Vec<_> = (0..AT_ONCE as u64).filter_map(|position| free.take(position)).collect();
        assert_eq!((free.count(), full.len()), (0, AT_ONCE));
        drop(free);

        drop(full);
        assert!(hands.are_empty());
        assert_eq!(hands.free().await.count(), AT_ONCE);
    }
}
