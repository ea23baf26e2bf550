//! What the shared reader has read last, for all followers at the tail.

use std::collections::VecDeque;

use annals_core::{
    Position,
    log::{Read, ReadError},
};

/// What was read last.
#[derive(Debug, Default)]
pub(super) struct Ring {
    pub running: bool,
    /// Counts how often the shared reader has begun.
    pub runs: u64,
    /// Why the last run ended.
    error: Option<ReadError>,
    reads: VecDeque<Read>,
    bytes: usize,
    /// Everything after this position is in the ring, up to `end`.
    start: Position,
    end: Position,
}

/// What the ring has after some position.
pub(super) enum Next {
    Some(Vec<Read>),
    Nothing,
    /// Not, or no longer, in the ring.
    Behind,
    /// What the shared reader, which the follower had joined, cannot get past.
    Error(ReadError),
}

/// Bytes of entries that the ring holds: as much as is read while a view writes a large transaction.
const RING_BYTES: usize = 16 * 1024 * 1024;

/// Messages of any size that the ring holds.
const RING_LENGTH: usize = 16 * 1024;

impl Ring {
    /// Empties it for what comes after a position. The number of the run.
    pub fn begin(&mut self, after: Position) -> u64 {
        let runs = self.runs + 1;
        *self = Self { running: true, runs, start: after, end: after, ..Self::default() };
        runs
    }

    pub fn push(&mut self, reads: Vec<Read>) {
        for read in reads {
            self.bytes += bytes(&read);
            self.end = read.checkpoint.position;
            self.reads.push_back(read);
        }
        while self.bytes > RING_BYTES || self.reads.len() > RING_LENGTH {
            let Some(oldest) = self.reads.pop_front() else { break };
            self.bytes -= bytes(&oldest);
            self.start = oldest.checkpoint.position;
        }
    }

    pub fn end_with(&mut self, error: ReadError) {
        self.running = false;
        self.error = Some(error);
    }

    pub fn after(&self, position: Position, limit: usize, joined: bool) -> Next {
        if !self.running
            && joined
            && position >= self.end
            && let Some(error) = &self.error
        {
            return Next::Error(error.clone());
        }
        if !self.running || position < self.start {
            return Next::Behind;
        }
        if position >= self.end {
            return Next::Nothing;
        }
        let from = self.reads.partition_point(|read| read.checkpoint.position <= position);
        let mut taken = 0;
        let more = |read: &&Read| {
            let more = taken < limit;
            taken += bytes(read);
            more
        };
        Next::Some(self.reads.range(from..).take_while(more).cloned().collect())
    }
}

fn bytes(read: &Read) -> usize {
    read.entry.as_ref().map_or(0, |entry| entry.bytes)
}
