//! The aggregates in memory, under a budget of bytes: the one that was used longest ago goes first.

use std::sync::Arc;

use lru::LruCache;

use crate::aggregate::{Aggregate, Key};

/// Aggregates as the log has them.
pub(crate) struct Cache {
    aggregates: LruCache<Key, Arc<Aggregate>>,
    bytes: usize,
    budget: usize,
    /// Whether every aggregate there is is in it.
    complete: bool,
}

/// How full a cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// How many aggregates.
    pub aggregates: usize,
    /// An estimate.
    pub bytes: usize,
}

/// What a place takes beside the aggregate itself: key, links, a place in a table that is two thirds full, and
/// what the allocator adds to four allocations.
const PLACE_BYTES: usize = size_of::<Key>() + 2 * size_of::<usize>() + 28 + 4 * 16;

impl Cache {
    /// One that holds so many bytes. `complete`: whether there is no aggregate yet.
    pub(crate) fn new(budget: usize, complete: bool) -> Self {
        Self { aggregates: LruCache::unbounded(), bytes: 0, budget, complete }
    }

    /// The aggregate, used now.
    pub(crate) fn get(&mut self, key: &Key) -> Option<Arc<Aggregate>> {
        self.aggregates.get(key).cloned()
    }

    /// Puts an aggregate in as the one used last, and others out for it.
    pub(crate) fn put(&mut self, key: Key, aggregate: Arc<Aggregate>) {
        self.bytes += size(&aggregate);
        if let Some(before) = self.aggregates.put(key, aggregate) {
            self.bytes -= size(&before);
        }
        while self.bytes > self.budget
            && let Some((_, evicted)) = self.aggregates.pop_lru()
        {
            self.bytes -= size(&evicted);
            self.complete = false;
        }
    }

    /// Whether an aggregate that is not in it does not exist.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// How full it is.
    pub(crate) fn fill(&self) -> Fill {
        Fill { aggregates: self.aggregates.len(), bytes: self.bytes }
    }
}

fn size(aggregate: &Aggregate) -> usize {
    PLACE_BYTES + aggregate.bytes()
}
