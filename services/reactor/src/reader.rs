//! Reads the log for one reactor, in a task of its own.

use std::time::Duration;

use annals_core::log::{Checkpoint, Log, LogError, Read, ReadError};
use annals_nats::SharedReader;
use tokio::{sync::mpsc, task::JoinHandle, time::sleep};

use crate::timing::Timing;

/// What is read, as it comes. After an error it reads again by itself.
pub(crate) struct Reader {
    reads: mpsc::Receiver<Result<Vec<Read>, ReadError>>,
    task: JoinHandle<()>,
}

/// Bytes of entries that are read at once.
const MAX_BYTES: usize = 1024 * 1024;

/// Before a log that was not available is asked again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

impl Reader {
    /// Reads on after a checkpoint.
    pub(crate) fn start<L: Log>(shared: SharedReader<L>, after: Checkpoint, timing: Timing) -> Self {
        let (sender, reads) = mpsc::channel(1);
        Self { reads, task: tokio::spawn(read(shared, after, timing, sender)) }
    }

    /// The next messages, or what is in the way of them.
    pub(crate) async fn next(&mut self) -> Result<Vec<Read>, ReadError> {
        let next = self.reads.recv().await;
        next.unwrap_or_else(|| Err(LogError::Unavailable("its reader has ended".into()).into()))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read<L: Log>(
    shared: SharedReader<L>,
    after: Checkpoint,
    timing: Timing,
    reads: mpsc::Sender<Result<Vec<Read>, ReadError>>,
) {
    let (mut checkpoint, mut failures) = (after, 0);
    loop {
        let mut follower = shared.follow(checkpoint.head);
        let error = loop {
            match follower.next(MAX_BYTES).await {
                Ok(next) => {
                    (checkpoint, failures) = (follower.checkpoint(), 0);
                    if reads.send(Ok(next)).await.is_err() {
                        return;
                    }
                }
                Err(error) => break error,
            }
        };
        failures += 1;
        let pause = match error {
            ReadError::Log(LogError::Disconnected) => continue,
            ReadError::Log(LogError::Unavailable(_)) => RETRY_AFTER,
            ReadError::Stop(_) | ReadError::Entry(_) => timing.retry(failures),
        };
        if reads.send(Err(error)).await.is_err() {
            return;
        }
        sleep(pause).await;
    }
}
