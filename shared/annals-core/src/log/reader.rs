//! Reads a log as entries: the chain is checked, each body is parsed once.

use std::sync::Arc;

use thiserror::Error;

use super::{
    Chain, Checkpoint, Entry, EntryError, Foreign, Head, LogError, LogMessage, Membership, Stop, Tail,
};

/// Follows a log from a head on.
#[derive(Debug)]
pub struct EntryReader<T> {
    tail: T,
    chain: Chain,
    /// What is in the way of what was read before it.
    stopped: Option<ReadError>,
}

/// What was read: an entry, or a foreign message.
#[derive(Debug, Clone)]
pub struct Read {
    /// Where a reader is that has dealt with it.
    pub checkpoint: Checkpoint,
    /// None for a foreign message.
    pub entry: Option<Arc<Entry>>,
}

/// Why a reader cannot go on.
#[derive(Debug, Clone, Error)]
pub enum ReadError {
    /// The log is away: follow again from the checkpoint.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What comes next is not what the log should hold.
    #[error(transparent)]
    Stop(#[from] Stop),
    /// The next entry does not decode.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

impl<T: Tail> EntryReader<T> {
    /// Goes on after a head; `tail` must begin right after it.
    pub fn new(tail: T, head: Head) -> Self {
        Self { tail, chain: Chain::new(head), stopped: None }
    }

    /// How far it has read.
    pub fn checkpoint(&self) -> Checkpoint {
        self.chain.checkpoint()
    }

    /// Waits for messages and gives what they are, in order: no more once they reach `bytes`. May be empty: all of
    /// it was read before. `report` hears of foreign messages.
    ///
    /// # Errors
    /// When it cannot go on. What stands before the obstacle is given first.
    pub async fn next(
        &mut self,
        bytes: usize,
        report: impl Fn(&Foreign) + Send,
    ) -> Result<Vec<Read>, ReadError> {
        if let Some(stopped) = &self.stopped {
            return Err(stopped.clone());
        }
        let messages = self.tail.next(bytes).await?;
        let mut read = Vec::with_capacity(messages.len());
        for message in &messages {
            match self.take(message, &report) {
                Ok(it) => read.extend(it),
                Err(error) if read.is_empty() => return Err(self.stopped.insert(error).clone()),
                Err(error) => {
                    self.stopped = Some(error);
                    break;
                }
            }
        }
        Ok(read)
    }

    /// Tells the server how far it is.
    pub fn acknowledge(&mut self) -> impl Future<Output = ()> + Send {
        let position = self.chain.checkpoint().position;
        self.tail.acknowledge(position)
    }

    /// Ends it, and leaves nothing of it on the server.
    pub fn close(self) -> impl Future<Output = ()> + Send {
        self.tail.close()
    }

    fn take(&mut self, message: &LogMessage, report: impl Fn(&Foreign)) -> Result<Option<Read>, ReadError> {
        let entry = match self.chain.take(message) {
            Membership::Redelivered => return Ok(None),
            Membership::Stop(stop) => return Err(stop.into()),
            Membership::Foreign(foreign) => {
                report(&foreign);
                None
            }
            Membership::Entry(head) => {
                Some(Arc::new(Entry::decode(head.position, head.hash, &message.body)?))
            }
        };
        Ok(Some(Read { checkpoint: self.chain.checkpoint(), entry }))
    }
}
