//! The commands that were folded in the last seconds.

use std::{collections::HashSet, mem, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

/// Two generations of ids: what is in the older one goes when the younger one is full of time.
#[derive(Debug)]
pub(crate) struct Recent {
    younger: HashSet<Uuid>,
    older: HashSet<Uuid>,
    since: Instant,
}

/// Longer than a command waits here before its sender is answered that its outcome is unknown.
const GENERATION: Duration = Duration::from_secs(15);

impl Default for Recent {
    fn default() -> Self {
        Self { younger: HashSet::new(), older: HashSet::new(), since: Instant::now() }
    }
}

impl Recent {
    pub(crate) fn insert(&mut self, id: Uuid) {
        if self.since.elapsed() >= GENERATION {
            self.older = mem::take(&mut self.younger);
            self.since = Instant::now();
        }
        self.younger.insert(id);
    }

    pub(crate) fn contains(&self, id: Uuid) -> bool {
        self.younger.contains(&id) || self.older.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_id_is_recent_for_one_generation_at_least_and_two_at_most() {
        let (mut recent, id) = (Recent::default(), Uuid::from_u128(1));
        recent.insert(id);
        tokio::time::advance(GENERATION).await;
        recent.insert(Uuid::from_u128(2));
        assert!(recent.contains(id));
        tokio::time::advance(GENERATION).await;
        recent.insert(Uuid::from_u128(3));
        assert!(!recent.contains(id) && recent.contains(Uuid::from_u128(2)));
    }
}
