//! The log, as all workers of this process read it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use annals_core::log::Log;
use annals_nats::{JetStreamLog, Nats, SharedReader, StreamError};
use tracing::warn;
use uuid::Uuid;

/// Opens the log, and has one reader of it.
pub(crate) struct LogSource {
    nats: Nats,
    /// Names the consumer. Two projectors on one consumer would each get a part, so the copy of the files is in it.
    name: String,
    reader: Mutex<SharedReader<JetStreamLog>>,
    /// One worker at a time asks for the stream, and says that it waits for the server.
    opening: tokio::sync::Mutex<()>,
}

impl LogSource {
    pub(crate) fn new(nats: &Nats, copy: &str, log_id: Uuid) -> Self {
        let name = format!("projector-{copy}");
        let reader = SharedReader::new(nats.log(log_id), &name);
        Self { nats: nats.clone(), name, reader: Mutex::new(reader), opening: tokio::sync::Mutex::default() }
    }

    /// The log as it was opened last.
    pub(crate) fn log(&self) -> JetStreamLog {
        self.lock().log().clone()
    }

    /// Waits for the server, and gives the reader of the log that it has.
    pub(crate) async fn open(&self) -> Result<SharedReader<JetStreamLog>, StreamError> {
        let _turn = self.opening.lock().await;
        let id = self.nats.prepare().await?;
        let mut reader = self.lock();
        let known = reader.log().id();
        if known != id {
            warn!("the server holds the log {id} now, no longer {known}");
            *reader = SharedReader::new(self.nats.log(id), &self.name);
        }
        Ok(reader.clone())
    }

    fn lock(&self) -> MutexGuard<'_, SharedReader<JetStreamLog>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
