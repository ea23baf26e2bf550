//! Keeps one read model up to date: follows the log, projects, writes.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use annals_core::{
    Position, StoredCommit,
    log::{Checkpoint, Log, LogError},
};
use annals_nats::JetStreamLog;
use annals_sqlite::ViewError;
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    error::ProjectionError,
    log::LogSource,
    model::{ModelFile, ReadModel},
    reader::{Batch, BatchReader},
    status::{Blocker, Status},
    timing::Timing,
};

/// One read model, with all that is needed to keep it and to answer for it.
pub(crate) struct Worker<M: ReadModel> {
    pub model: M,
    pub status: Arc<Status>,
    pub log: Arc<LogSource>,
    pub timing: Timing,
    /// A query has found that the file is not sound.
    pub corrupt: Notify,
    /// None while it is closed: before it is opened, and while it cannot be opened.
    file: RwLock<Option<Arc<M::File>>>,
}

/// A read model that follows the log.
struct Following<M: ReadModel> {
    file: Arc<M::File>,
    /// Where the log ended when it began: once there, it may show what it has.
    goal: Position,
    /// The last message that changed nothing but the checkpoint, which is not in the file yet.
    unsaved: Option<<M::File as ModelFile>::Change>,
    /// When the checkpoint was last written to the file.
    saved: Instant,
}

/// How long a checkpoint may be newer than the one in the file, if no row depends on it.
const SAVE_EVERY: Duration = Duration::from_secs(1);

impl<M: ReadModel> Worker<M> {
    pub(crate) fn new(model: M, status: &Arc<Status>, log: &Arc<LogSource>, timing: Timing) -> Self {
        Self {
            model,
            status: status.clone(),
            log: log.clone(),
            timing,
            corrupt: Notify::new(),
            file: RwLock::default(),
        }
    }

    /// Works until `shutdown`. Whatever fails is tried again and again; no other read model is stopped by it.
    pub(crate) async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut failures = 0;
        while let Err(error) = self.follow(&shutdown).await {
            if let ProjectionError::Log(LogError::Disconnected) = error {
                continue; // opening the log waits until the connection is made again
            }
            // If nothing blocks it any more, this is something new.
            if self.status.progress().blocker.is_none() {
                failures = 0;
            }
            let blocked = error.blocker().is_some();
            failures += u32::from(blocked);
            self.report_blocked(&error, failures).await;
            // The log is back when it is back.
            let pause = if blocked { self.timing.pause(failures) } else { self.timing.retry };
            if shutdown.run_until_cancelled(sleep(pause)).await.is_none() {
                break;
            }
        }
        self.close().await;
    }

    /// Tells logs, metrics and queries why it does not go on.
    async fn report_blocked(&self, error: &ProjectionError, failures: u32) {
        let (name, position) = (self.model.name(), self.status.progress().applied);
        warn!(position, failures, "{name} has stopped: {error}");
        metrics::counter!("annals_view_retries_total", "view" => name).increment(1);
        if let Some(blocker) = error.blocker() {
            self.status.block(blocker);
        }
        if error.must_reopen() {
            self.close().await;
        }
        if error.is_damage()
            && let Err(error) = self.model.discard()
        {
            warn!("the damaged file of {name} could not be removed: {error}");
        }
    }

    /// Follows until `shutdown`, or until something is in the way.
    async fn follow(self: &Arc<Self>, shutdown: &CancellationToken) -> Result<(), ProjectionError> {
        let beginning = Box::pin(self.begin()); // it is large
        let Some(begun) = shutdown.run_until_cancelled(beginning).await else { return Ok(()) };
        let (mut following, reader) = begun?;
        let (writer, batches) = mpsc::channel(1);
        let reading = tokio::spawn(reader.run(writer));
        let ended = self.write(&mut following, batches, shutdown).await;
        reading.abort();
        let _ = reading.await; // cancelled
        ended
    }

    async fn begin(self: &Arc<Self>) -> Result<(Following<M>, BatchReader<M>), ProjectionError> {
        let shared = self.log.open().await?;
        let log = shared.log().clone();
        let file = self.open(&log).await?;
        let end = log.end().await?;
        self.status.log_ends_at(end);
        let Checkpoint { position, head } = self.verify_checkpoint(&file, &log, end).await?;
        let following = Following { file: file.clone(), goal: end, unsaved: None, saved: Instant::now() };
        self.mark_live_if_caught_up(&following, position).await?;
        let follower = shared.follow(head);
        Ok((following, BatchReader { worker: self.clone(), file, log, follower, reached: position }))
    }

    /// The checkpoint to go on from. A file of another log, or of one that has lost its end (positions are used
    /// again after a loss), is built anew.
    async fn verify_checkpoint(
        &self,
        file: &M::File,
        log: &JetStreamLog,
        end: Position,
    ) -> Result<Checkpoint, ProjectionError> {
        let checkpoint = file.checkpoint().await?;
        if file.log_id().await? == log.id() && is_in(log, checkpoint, end).await? {
            if let Some(Blocker::File(_)) = self.status.progress().blocker {
                file.apply(Arc::from([])).await?; // shows that it can be written again
                self.status.advance(checkpoint.position);
            }
            return Ok(checkpoint);
        }
        let (name, position) = (self.model.name(), checkpoint.position);
        warn!(position, "{name} is of another log, or of one that has lost its end: it is built anew");
        file.rebuild(log.id()).await?;
        self.status.opened(0, false);
        Ok(Checkpoint::start(log.id()))
    }

    /// Writes what is read. What was read and is not being written at the end is read again another time.
    async fn write(
        &self,
        following: &mut Following<M>,
        mut batches: mpsc::Receiver<Result<Batch<M>, ProjectionError>>,
        shutdown: &CancellationToken,
    ) -> Result<(), ProjectionError> {
        loop {
            let batch = tokio::select! {
                batch = batches.recv() => batch.unwrap_or(Err(ProjectionError::ReaderPanicked)),
                () = self.corrupt.notified() => return Err(ProjectionError::Corrupt),
                () = shutdown.cancelled() => {
                    if let Some(last) = following.unsaved.take() {
                        let position = self.status.progress().applied;
                        self.apply(&following.file, position, Arc::from([last])).await?;
                    }
                    return Ok(());
                }
            };
            self.write_batch(following, batch?).await?;
        }
    }

    async fn write_batch(
        &self,
        following: &mut Following<M>,
        mut batch: Batch<M>,
    ) -> Result<(), ProjectionError> {
        let Some(position) = batch.reads.last().map(|read| read.checkpoint.position) else { return Ok(()) };
        let started = Instant::now();
        let changes: Arc<[_]> = std::mem::take(&mut batch.changes).into();
        let due = following.saved.elapsed() >= SAVE_EVERY;
        if !due && !changes.iter().any(M::File::changes_rows) {
            // Most of what happens concerns other views. To read it again after a crash costs less than a transaction.
            following.unsaved = changes.last().cloned();
            self.status.advance(position);
            return self.mark_live_if_caught_up(following, position).await;
        }
        (following.unsaved, following.saved) = (None, Instant::now());
        match self.apply(&following.file, position, changes.clone()).await {
            // One of them cannot be written: one by one, to stop in front of that one.
            Err(ProjectionError::Event { .. }) if changes.len() > 1 => {
                for (read, change) in batch.reads.iter().zip(changes.iter()) {
                    let one = Arc::from([change.clone()]);
                    self.apply(&following.file, read.checkpoint.position, one).await?;
                }
            }
            written => written?,
        }
        self.report_written(&batch, position, started.elapsed());
        self.mark_live_if_caught_up(following, position).await
    }

    async fn apply(
        &self,
        file: &M::File,
        position: Position,
        changes: Arc<[<M::File as ModelFile>::Change]>,
    ) -> Result<(), ProjectionError> {
        let written = file.apply(changes).await;
        written.map_err(|error| ProjectionError::writing(position, error))?;
        self.status.advance(position);
        Ok(())
    }

    /// One line for what was written, unless the read model reads nothing of it.
    fn report_written(&self, batch: &Batch<M>, position: Position, took: Duration) {
        let (view, ms) = (self.model.name(), took.as_secs_f64() * 1000.0);
        let mut read = batch.commits().filter(|stored| self.model.reads(stored));
        let Some(first) = read.next() else { return };
        let commits = 1 + read.count();
        metrics::counter!("annals_view_commits_total", "view" => view).increment(commits as u64);
        metrics::histogram!("annals_view_batch_seconds", "view" => view).record(took.as_secs_f64());
        if !M::LOGS_BATCHES {
            debug!(position, ms, "{view}: {commits} commits");
        } else if commits == 1 {
            let StoredCommit { commit, .. } = first;
            let (stream, version, correlation) =
                (&commit.stream, commit.version(), commit.context.correlation_id);
            info!(category = stream.category, id = %stream.id, version, position, ms, %correlation, "{view}");
        } else {
            info!(position, ms, "{view}: {commits} commits");
        }
    }

    /// The first time that it is at the log's end it may show what it has.
    async fn mark_live_if_caught_up(
        &self,
        following: &Following<M>,
        position: Position,
    ) -> Result<(), ProjectionError> {
        if position >= following.goal && !self.status.progress().live {
            following.file.mark_reached_end().await?;
            self.status.live();
            info!(position, "{} is live", self.model.name());
        }
        Ok(())
    }

    /// The file, if it is open.
    pub(crate) fn file(&self) -> Option<Arc<M::File>> {
        self.file.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The file, opened if it is not.
    async fn open(&self, log: &JetStreamLog) -> Result<Arc<M::File>, ViewError> {
        if let Some(file) = self.file() {
            return Ok(file);
        }
        let file = Arc::new(self.model.open(log.id()).await?);
        let (checkpoint, live) = (file.checkpoint().await?, file.has_reached_end().await?);
        self.replace_file(Some(file.clone()));
        self.status.opened(checkpoint.position, live); // those who wait for it find the file
        Ok(file)
    }

    /// Closes the file, so that it is whole by itself.
    async fn close(&self) {
        self.status.closed();
        if let Some(file) = self.replace_file(None) {
            file.close().await;
        }
    }

    fn replace_file(&self, file: Option<Arc<M::File>>) -> Option<Arc<M::File>> {
        std::mem::replace(&mut *self.file.write().unwrap_or_else(PoisonError::into_inner), file)
    }
}

/// Whether the log has what was read.
async fn is_in(log: &JetStreamLog, checkpoint: Checkpoint, end: Position) -> Result<bool, LogError> {
    let Checkpoint { position, head } = checkpoint;
    if position > end {
        return Ok(false);
    }
    if head.position == 0 {
        return Ok(true); // the log's id has been compared
    }
    Ok(log.get(head.position).await?.is_some_and(|entry| entry.is_at(head)))
}
