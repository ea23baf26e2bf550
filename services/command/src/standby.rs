//! Reading what others write: along, while nothing is written here, and after a conflict.

use std::time::Duration;

use annals_core::log::{Entry, EntryReader, Head, Log, LogError, Membership, Read, ReadError};
use annals_nats::report_foreign;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

use crate::{states::FoldError, writer::Writer};

/// Reads along, until it is dropped.
pub(crate) struct Standby {
    reads: mpsc::Receiver<Vec<Read>>,
    _task: AbortOnDropHandle<()>,
}

/// What may wait to be folded.
const MAX_WAITING: usize = 4;

/// Messages to read at once after a conflict.
const READ: usize = 16;

/// Bytes of entries to read at once.
const READ_BYTES: usize = 4 * 1024 * 1024;

/// Before a state that could not be read from the store is read again.
const FOLD_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How often a long catch-up says how far it is.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);

impl Standby {
    pub(crate) fn start<L: Log>(log: L, name: String, head: Head) -> Self {
        let (sender, reads) = mpsc::channel(MAX_WAITING);
        let task = tokio::spawn(async move {
            let Ok(tail) = log.tail(&name, head.position).await else { return };
            let mut reader = EntryReader::new(tail, head);
            // An error shows again when it is read after a conflict.
            while let Ok(reads) = reader.next(READ_BYTES, |_| ()).await {
                if sender.send(reads).await.is_err() {
                    return;
                }
                reader.acknowledge().await;
            }
        });
        Self { reads, _task: AbortOnDropHandle::new(task) }
    }
}

/// What was read along. None: it has to be begun anew.
pub(crate) async fn next_reads(standby: &mut Option<Standby>) -> Option<Vec<Read>> {
    match standby {
        Some(standby) => standby.reads.recv().await,
        None => std::future::pending().await,
    }
}

impl<L: Log> Writer<L> {
    pub(crate) async fn read_along(&mut self, reads: Option<Vec<Read>>) {
        let known = self.chain.checkpoint().position;
        for read in reads.iter().flatten().filter(|read| read.checkpoint.position > known) {
            // A foreign message moves the expectation, if it is on the chain's subject: it is read again for that.
            let Some(entry) = &read.entry else { return self.read_anew().await };
            self.chain.advance(read.checkpoint.head);
            if !self.fold(entry).await {
                return;
            }
        }
        if reads.is_none() {
            self.read_anew().await;
        }
    }

    /// Reads what is there, and reads along again after a while. What cannot be read shows at the next append.
    async fn read_anew(&mut self) {
        self.standby = None;
        let _ = self.catch_up().await;
        self.idle_since = Instant::now();
    }

    /// Folds what others wrote, as the leader has it.
    pub(crate) async fn catch_up(&mut self) -> Result<(), LogError> {
        while self.stopped.is_none() {
            let messages = self.log.read(self.chain.checkpoint().position, READ).await?;
            let more = messages.len() == READ;
            for message in messages {
                match self.chain.take(&message) {
                    Membership::Redelivered => {}
                    Membership::Foreign(foreign) => {
                        report_foreign(&foreign);
                        let skipped = self.states.skip(self.chain.checkpoint()).await;
                        self.store_ended = skipped.err();
                    }
                    Membership::Stop(stop) => {
                        self.stop(stop.to_string());
                        return Ok(());
                    }
                    Membership::Entry(head) => match Entry::decode(head.position, head.hash, &message.body) {
                        Ok(entry) => drop(self.fold(&entry).await),
                        Err(error) => self.stop(error.to_string()),
                    },
                }
                if self.stopped.is_some() || self.store_ended.is_some() {
                    return Ok(());
                }
            }
            if !more {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads what the state store does not have yet.
    pub(crate) async fn fold_log(&mut self) -> Result<(), ReadError> {
        self.recover_recorded_at().await?;
        self.catch_up_to_the_end().await
    }

    /// Reads from the state store's head to the log's end, however much that is.
    async fn catch_up_to_the_end(&mut self) -> Result<(), ReadError> {
        let end = self.log.end().await?;
        let begun = self.chain.head().position;
        if end <= begun {
            return Ok(());
        }
        let tail = self.log.tail(&self.name, begun).await?;
        let mut reader = EntryReader::new(tail, self.chain.head());
        let mut said = Instant::now();
        while reader.checkpoint().position < end && self.stopped.is_none() {
            for read in reader.next(READ_BYTES, |_| ()).await? {
                // Foreign messages are read once more by `catch_up`, for what the next append expects.
                let Some(entry) = read.entry else { continue };
                self.chain.advance(read.checkpoint.head);
                if !self.fold(&entry).await {
                    return Ok(());
                }
            }
            reader.acknowledge().await;
            let position = reader.checkpoint().position;
            if said.elapsed() > PROGRESS_EVERY {
                said = Instant::now();
                info!(position, "folding the log: {} %", (position - begun) * 100 / (end - begun).max(1));
            }
        }
        reader.close().await;
        self.catch_up().await?;
        Ok(())
    }

    /// The chain has taken it. False: it could not be folded, and nothing after it may be.
    async fn fold(&mut self, entry: &Entry) -> bool {
        if let Some(last) = entry.commits.last() {
            self.recorded_at = self.recorded_at.max(last.commit.recorded_at);
        }
        loop {
            match self.states.fold(self.chain.checkpoint(), entry).await {
                Ok(()) => return true,
                Err(FoldError::Unreadable(reason)) => {
                    warn!(position = entry.position, "an entry cannot be folded now, trying again: {reason}");
                    sleep(FOLD_AGAIN_AFTER).await;
                }
                Err(FoldError::Broken(reason)) => {
                    self.stop(format!("position {}: {reason}", entry.position));
                    return false;
                }
                Err(FoldError::StoreEnded(ended)) => {
                    self.store_ended = Some(ended);
                    return false;
                }
            }
        }
    }
}
