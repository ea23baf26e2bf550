//! Who goes next, and with whom.

use std::collections::{HashSet, VecDeque};

use super::{batch, outgoing::Waiting};
use crate::publish::Unpublished;

/// Those who wait, and how many are under way.
#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: VecDeque<Waiting>,
    /// How many are under way alone.
    alone: usize,
    /// Whether a batch is under way.
    batch: bool,
}

/// What goes next.
#[derive(Debug)]
pub(super) enum Departure {
    /// One message.
    Alone(Waiting),
    /// Many, each to another subject.
    Together(Vec<Waiting>),
}

/// What the server is quickest with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// So many are under way alone, at most.
    alone: usize,
    /// From so many on those who wait go together.
    batch: usize,
}

impl Pace {
    /// One node syncs its file for every single message, one after the other, so few under way keep it
    /// busy: 0.35 ms each, measured; and about 4 ms for a batch of any size. They meet at 10 to 16.
    pub(super) const ONE_NODE: Self = Self { alone: 4, batch: 16 };

    /// Several nodes take together whatever is under way.
    pub(super) const REPLICATED: Self = Self { alone: 1024, batch: usize::MAX };
}

impl Line {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits, and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.alone == 0 && !self.batch
    }

    /// Somebody comes, and waits behind the others.
    pub(super) fn join(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }

    /// One who was alone is told.
    pub(super) fn landed_alone(&mut self) {
        self.alone -= 1;
    }

    /// A batch is settled, but for these: they go before all others.
    pub(super) fn landed_together(&mut self, again: Vec<Waiting>) {
        self.batch = false;
        again.into_iter().rev().for_each(|waiting| self.waiting.push_front(waiting));
    }

    /// What goes now, if anything: nothing goes beside a batch.
    pub(super) fn depart(&mut self, pace: Pace) -> Option<Departure> {
        // The others came later.
        while let Some(first) = self.waiting.pop_front_if(|first| first.is_late() || first.is_given_up()) {
            first.tell(Err(Unpublished::Refused("too many commits wait for the log".into())));
        }
        let alone = self.waiting.front()?.alone || self.waiting.len() < pace.batch;
        match alone {
            _ if self.batch => None,
            true if self.alone < pace.alone => {
                self.alone += 1;
                self.waiting.pop_front().map(Departure::Alone)
            }
            false if self.alone == 0 => {
                self.batch = true;
                Some(Departure::Together(self.together()))
            }
            _ => None,
        }
    }

    /// Takes those who can go together out of the line: the first of each subject, as many as a batch holds.
    fn together(&mut self) -> Vec<Waiting> {
        let (mut subjects, mut bytes, mut rest) = (HashSet::new(), 0, VecDeque::new());
        let mut taken: Vec<Waiting> = Vec::new();
        for waiting in self.waiting.drain(..).filter(|waiting| !waiting.is_given_up()) {
            let fits = taken.len() < batch::MOST && bytes + waiting.message.size() <= batch::MOST_BYTES;
            // Also of those who stay behind only the first may overtake: a stream's order is kept.
            let first = subjects.insert(waiting.message.subject.clone());
            if fits && first && !waiting.alone {
                bytes += waiting.message.size();
                taken.push(waiting);
            } else {
                rest.push_back(waiting);
            }
        }
        self.waiting = rest;
        taken
    }
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
