//! The aggregates that nobody works on, under a budget of bytes: who was used longest ago goes first.

use std::{fmt, mem};

use lru::LruCache;
use uuid::Uuid;

use crate::aggregate::Aggregate;

/// Names an aggregate within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    category: &'static str,
    id: Uuid,
}

/// Aggregates at rest.
pub(crate) struct Cache {
    aggregates: LruCache<Key, Aggregate>,
    bytes: usize,
    budget: usize,
}

/// How full a cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fill {
    /// How many.
    pub aggregates: usize,
    /// An estimate.
    pub bytes: usize,
}

/// What an entry takes beside the aggregate itself: key, links, a place in a table that is two thirds full,
/// and what the allocator adds to four allocations.
const ENTRY: usize = size_of::<Key>() + 2 * size_of::<usize>() + 28 + 4 * 16;

impl Key {
    /// The aggregate `id` of that category.
    pub(crate) fn new(category: &'static str, id: Uuid) -> Self {
        Self { category, id }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.id)
    }
}

impl Cache {
    /// One that holds so many bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self { aggregates: LruCache::unbounded(), bytes: 0, budget }
    }

    /// Takes an aggregate out, to work on it.
    pub(crate) fn take(&mut self, key: &Key) -> Option<Aggregate> {
        let aggregate = self.aggregates.pop(key)?;
        self.bytes -= size(&aggregate);
        Some(aggregate)
    }

    /// Puts an aggregate in as the one used last, and others out for it, which are returned: to free large
    /// ones takes a while, and whoever asks holds a lock.
    pub(crate) fn put(&mut self, key: Key, aggregate: Aggregate) -> Vec<Aggregate> {
        let bytes = size(&aggregate);
        if bytes > self.budget {
            return vec![aggregate]; // all the others would be put out, and then itself
        }
        self.bytes += bytes;
        let mut out: Vec<_> = self.aggregates.put(key, aggregate).into_iter().collect();
        self.bytes -= out.iter().map(size).sum::<usize>();
        while self.bytes > self.budget
            && let Some((_, forgotten)) = self.pop()
        {
            out.push(forgotten);
        }
        out
    }

    /// Takes all of them out.
    pub(crate) fn clear(&mut self) -> Self {
        mem::replace(self, Self::new(self.budget))
    }

    /// Takes out the one used longest ago.
    pub(crate) fn pop(&mut self) -> Option<(Key, Aggregate)> {
        let (key, aggregate) = self.aggregates.pop_lru()?;
        self.bytes -= size(&aggregate);
        Some((key, aggregate))
    }

    /// Whether that aggregate is in it.
    pub(crate) fn holds(&self, key: &Key) -> bool {
        self.aggregates.contains(key)
    }

    /// How full it is.
    pub(crate) fn fill(&self) -> Fill {
        Fill { aggregates: self.aggregates.len(), bytes: self.bytes }
    }
}

fn size(aggregate: &Aggregate) -> usize {
    ENTRY + aggregate.bytes()
}
