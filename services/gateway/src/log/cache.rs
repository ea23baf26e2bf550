//! Entries that were read lately, decoded.

use std::sync::{Arc, Mutex, PoisonError};

use annals_core::{Position, log::Entry};
use lru::LruCache;

/// The most that they may take in memory, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// What an entry takes beside its commits.
const ENTRY_BYTES: usize = 512;

/// The entries, bounded by bytes: what was not asked for the longest goes first.
#[derive(Debug)]
pub struct EntryCache(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    entries: LruCache<Position, Arc<Entry>>,
    bytes: usize,
    max_bytes: usize,
}

impl EntryCache {
    pub fn new() -> Self {
        Self::with_bytes(MAX_BYTES)
    }

    fn with_bytes(max_bytes: usize) -> Self {
        Self(Mutex::new(Kept { entries: LruCache::unbounded(), bytes: 0, max_bytes }))
    }

    pub fn get(&self, position: Position) -> Option<Arc<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entries.get(&position).cloned()
    }

    pub fn put(&self, entry: Arc<Entry>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += size(&entry);
        if let Some((_, before)) = kept.entries.push(entry.position, entry) {
            kept.bytes -= size(&before);
        }
        while kept.bytes > kept.max_bytes {
            let Some((_, oldest)) = kept.entries.pop_lru() else { break };
            kept.bytes -= size(&oldest);
        }
    }
}

/// About what it takes in memory: decoded, the same again as its body, for what the body leaves out.
fn size(entry: &Entry) -> usize {
    2 * entry.bytes + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use annals_core::log::Head;
    use uuid::Uuid;

    use super::*;

    fn entry(position: Position, bytes: usize) -> Arc<Entry> {
        let hash = Head::start(Uuid::nil()).hash;
        Arc::new(Entry { position, hash, commits: Vec::new(), bytes })
    }

    #[test]
    fn what_was_not_asked_for_the_longest_goes_first() {
        let cache = EntryCache::with_bytes(10_000);
        for position in 1..=4 {
            cache.put(entry(position, 1000));
            cache.get(1);
        }
        assert_eq!([1, 2, 3, 4].map(|position| cache.get(position).is_some()), [true, false, true, true]);
    }

    #[test]
    fn what_is_kept_twice_is_counted_once_and_what_is_too_large_is_not_kept() {
        let cache = EntryCache::with_bytes(10_000);
        for _ in 0..10 {
            cache.put(entry(1, 4000));
        }
        assert!(cache.get(1).is_some());
        cache.put(entry(2, 5000));
        assert!(cache.get(2).is_none());
        assert_eq!(cache.0.lock().unwrap().bytes, 0);
    }
}
