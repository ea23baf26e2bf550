//! Commits that a reactor has read and not settled, in order per aggregate.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use annals_core::{Address, Position, StoredCommit, StreamId, log::Checkpoint};
use jiff::Timestamp;
use tokio::time::Instant;

/// Of its first event.
pub(crate) fn address(stored: &StoredCommit) -> Address {
    Address::new(stored.position, stored.place)
}

/// The unsettled commits of one reactor. The oldest of each stream is ready, at work, or waits for a retry; those
/// behind it wait for it.
#[derive(Debug, Default)]
pub(crate) struct Unsettled {
    commits: BTreeMap<Address, Unit>,
    streams: HashMap<StreamId, VecDeque<Address>>,
    ready: VecDeque<Address>,
    retries: BTreeSet<(Instant, Address)>,
    bytes: usize,
    /// How many have been tried in vain.
    failed: u64,
}

#[derive(Debug)]
struct Unit {
    stored: Arc<StoredCommit>,
    /// How far the reactor had read before its entry.
    before: Checkpoint,
    /// How often it has been tried in vain.
    failures: u64,
}

/// Beyond so many, no more is read.
const MAX_COMMITS: usize = 10_000;

/// Beyond so many bytes of events, no more is read.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// So many are listed in a checkpoint. If there are more, it stays before the next one.
const MAX_LISTED: usize = 1_000;

impl Unsettled {
    /// Adds a commit that stands after all others of its stream; `before`: how far was read before its entry.
    pub(crate) fn push(&mut self, stored: StoredCommit, before: Checkpoint) {
        let address = address(&stored);
        self.bytes += size(&stored);
        let stream = self.streams.entry(stored.commit.stream.clone()).or_default();
        if stream.is_empty() {
            self.ready.push_back(address);
        }
        stream.push_back(address);
        self.commits.insert(address, Unit { stored: Arc::new(stored), before, failures: 0 });
    }

    /// The next commit to work on, with how often it has failed.
    pub(crate) fn begin(&mut self, now: Instant) -> Option<(Arc<StoredCommit>, u64)> {
        while self.retries.first().is_some_and(|(due, _)| *due <= now) {
            self.ready.extend(self.retries.pop_first().map(|(_, address)| address));
        }
        let unit = self.commits.get(&self.ready.pop_front()?)?;
        Some((unit.stored.clone(), unit.failures))
    }

    /// A commit that was begun is dealt with: the next one of its stream is ready.
    pub(crate) fn settle(&mut self, address: Address) {
        let Some(unit) = self.commits.remove(&address) else { return };
        self.bytes -= size(&unit.stored);
        self.failed -= u64::from(unit.failures > 0);
        let stream = &unit.stored.commit.stream;
        let Some(queue) = self.streams.get_mut(stream) else { return };
        queue.pop_front();
        match queue.front() {
            Some(next) => self.ready.push_back(*next),
            None => drop(self.streams.remove(stream)),
        }
    }

    /// A commit that was begun is to be tried again.
    pub(crate) fn retry(&mut self, address: Address, at: Instant) {
        let Some(unit) = self.commits.get_mut(&address) else { return };
        self.failed += u64::from(unit.failures == 0);
        unit.failures += 1;
        self.retries.insert((at, address));
    }

    /// When the next retry is due.
    pub(crate) fn next_retry(&self) -> Option<Instant> {
        self.retries.first().map(|(due, _)| *due)
    }

    pub(crate) fn has_room(&self) -> bool {
        self.commits.len() < MAX_COMMITS && self.bytes < MAX_BYTES
    }

    pub(crate) fn len(&self) -> usize {
        self.commits.len()
    }

    /// How many have been tried in vain, and are tried again.
    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }

    /// The position of the oldest, and when it was recorded.
    pub(crate) fn oldest(&self) -> Option<(Position, Timestamp)> {
        let (address, unit) = self.commits.first_key_value()?;
        Some((address.position(), unit.stored.commit.recorded_at))
    }

    /// How far a checkpoint can be where everything up to `read` was read, and what is not settled before it.
    pub(crate) fn checkpoint(&self, read: Checkpoint) -> (Checkpoint, Vec<Address>) {
        let at = self.commits.values().nth(MAX_LISTED).map_or(read, |unit| unit.before);
        let listed = self.commits.keys().copied().take_while(|address| address.position() <= at.position);
        (at, listed.collect())
    }
}

fn size(stored: &StoredCommit) -> usize {
    stored.commit.events.iter().map(|event| event.data.get().len()).sum()
}

#[cfg(test)]
#[path = "unsettled_tests.rs"]
mod tests;
