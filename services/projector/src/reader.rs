//! Reads the log, and projects what it reads, while what was read before is being written.
//!
//! A batch is written as soon as the writer is free, and grows as long as it is not: a commit that comes alone is
//! shown at once, and a thousand that wait are one transaction. Three batches are in memory at most: one grows,
//! one waits, one is being written.

use std::sync::Arc;

use annals_core::{
    Position, StoredCommit,
    log::{Log, Read},
};
use annals_nats::{Follower, JetStreamLog};
use tokio::{sync::mpsc, time::sleep};

use crate::{
    error::ProjectionError,
    model::{ModelFile, ReadModel},
    worker::Worker,
};

/// Bytes of entries that one transaction takes when there are many.
const MAX_BYTES: usize = 1024 * 1024;

/// Messages that it takes, however small.
const MAX_LENGTH: usize = 4096;

/// What one transaction writes.
pub(crate) struct Batch<M: ReadModel> {
    /// What was read.
    pub reads: Vec<Read>,
    /// What each of them does.
    pub changes: Vec<<M::File as ModelFile>::Change>,
    bytes: usize,
}

/// Reads for one read model.
pub(crate) struct BatchReader<M: ReadModel> {
    pub worker: Arc<Worker<M>>,
    pub file: Arc<M::File>,
    pub log: JetStreamLog,
    pub follower: Follower<JetStreamLog>,
    /// Everything up to here has been read.
    pub reached: Position,
}

impl<M: ReadModel> Default for Batch<M> {
    fn default() -> Self {
        Self { reads: Vec::new(), changes: Vec::new(), bytes: 0 }
    }
}

impl<M: ReadModel> Batch<M> {
    fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES || self.reads.len() >= MAX_LENGTH
    }

    pub(crate) fn commits(&self) -> impl Iterator<Item = &StoredCommit> {
        self.reads.iter().filter_map(|read| read.entry.as_ref()).flat_map(|entry| &entry.commits)
    }
}

impl<M: ReadModel> BatchReader<M> {
    /// Sends what is to be written, until it cannot go on: why comes last.
    pub(crate) async fn run(mut self, writer: mpsc::Sender<Result<Batch<M>, ProjectionError>>) {
        let mut batch = Batch::default();
        let error = loop {
            tokio::select! {
                biased; // nothing is waited for while the writer is free
                permit = writer.reserve(), if !batch.reads.is_empty() => {
                    let Ok(permit) = permit else { return };
                    permit.send(Ok(std::mem::take(&mut batch)));
                }
                more = self.next(MAX_BYTES.saturating_sub(batch.bytes)), if !batch.is_full() => {
                    if let Err(error) = more.and_then(|reads| self.add(&mut batch, reads)) {
                        break error;
                    }
                }
            }
        };
        // If the worker has ended, there is nothing to tell it.
        if !batch.reads.is_empty() {
            let _ = writer.send(Ok(batch)).await;
        }
        let _ = writer.send(Err(error)).await;
    }

    /// The next messages. While there are none, looks whether file and log are still what they were.
    async fn next(&mut self, bytes: usize) -> Result<Vec<Read>, ProjectionError> {
        let mut next = std::pin::pin!(self.follower.next(bytes));
        loop {
            tokio::select! {
                reads = &mut next => return Ok(reads?),
                () = sleep(self.worker.timing.quiet) => {}
            }
            self.file.verify_identity()?;
            let end = self.log.end().await?;
            if end < self.reached {
                return Err(ProjectionError::Shortened { end });
            }
            self.worker.status.log_ends_at(end);
        }
    }

    /// Adds what was read, as far as it can be handled.
    fn add(&mut self, batch: &mut Batch<M>, reads: Vec<Read>) -> Result<(), ProjectionError> {
        for read in reads {
            let position = read.checkpoint.position;
            // A follower begins at the head, behind which foreign messages may have been read.
            if position <= self.reached {
                continue;
            }
            let change = self.worker.model.project(&read);
            batch.changes.push(change.map_err(|reason| ProjectionError::Event { position, reason })?);
            batch.bytes += read.entry.as_ref().map_or(0, |entry| entry.bytes);
            batch.reads.push(read);
            self.reached = position;
        }
        Ok(())
    }
}
