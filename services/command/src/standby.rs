//! Reading what others write: along, while nothing is written here, and after a conflict.

use annals_core::log::{Entry, EntryReader, Head, Log, LogError, Membership, Read};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::info;

use crate::{telemetry, writer::Writer};

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

/// How often a long catch-up says how far it is.
const PROGRESS_EVERY: std::time::Duration = std::time::Duration::from_secs(5);

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
        let Some(reads) = reads else {
            self.standby = None;
            return;
        };
        for read in reads {
            // A foreign message moves the expectation, if it is on the chain's subject: it is read again for that.
            let Some(entry) = read.entry else {
                self.standby = None;
                let _ = self.catch_up().await; // if it cannot be read, that shows at the next append
                return;
            };
            if read.checkpoint.position > self.chain.checkpoint().position {
                self.chain.advance(read.checkpoint.head);
                self.fold(&entry).await;
            }
        }
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
                        telemetry::record_foreign(&foreign);
                        self.states.skip(self.chain.checkpoint()).await;
                    }
                    Membership::Stop(stop) => {
                        self.stop(stop.to_string());
                        return Ok(());
                    }
                    Membership::Entry(head) => match Entry::decode(head.position, head.hash, &message.body) {
                        Ok(entry) => self.fold(&entry).await,
                        Err(error) => self.stop(error.to_string()),
                    },
                }
            }
            if !more {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads from the state store's head to the log's end, however much that is.
    pub(crate) async fn catch_up_to_the_end(&mut self) -> Result<(), annals_core::log::ReadError> {
        let end = self.log.end().await?;
        let begun = self.chain.head().position;
        if end <= begun {
            return Ok(());
        }
        let tail = self.log.tail(&self.name, begun).await?;
        let mut reader = EntryReader::new(tail, self.chain.head());
        let mut said = tokio::time::Instant::now();
        while reader.checkpoint().position < end && self.stopped.is_none() {
            for read in reader.next(READ_BYTES, telemetry::record_foreign).await? {
                match read.entry {
                    Some(entry) => {
                        self.chain.advance(read.checkpoint.head);
                        self.fold(&entry).await;
                    }
                    None => self.states.skip(read.checkpoint).await,
                }
            }
            let position = reader.checkpoint().position;
            if said.elapsed() > PROGRESS_EVERY {
                said = tokio::time::Instant::now();
                info!(position, "folding the log: {} %", (position - begun) * 100 / (end - begun).max(1));
            }
        }
        // Foreign messages at the end are read once more, for what the next append expects.
        self.catch_up().await?;
        Ok(())
    }

    /// The chain has taken it.
    async fn fold(&mut self, entry: &Entry) {
        if let Some(last) = entry.commits.last() {
            self.recorded_at = self.recorded_at.max(last.commit.recorded_at);
        }
        if let Err(failure) = self.states.fold(self.chain.checkpoint(), entry).await {
            self.stop(format!("position {}: {failure:?}", entry.position));
        }
    }
}
