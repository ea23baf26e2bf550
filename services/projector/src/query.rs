//! Answers queries, never with older data than was asked for.

use std::{sync::Arc, time::Duration};

use annals_core::{
    Position,
    bus::{Failure, Query, ViewAnswer, ViewReply, ViewRequest, ViewStatus},
    log::{Entry, Hash, Log, LogError},
};
use annals_nats::JetStreamLog;
use annals_sqlite::{Fault, ViewError};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::{Instant, timeout_at};

use crate::{
    model::{ReadModel, ViewModel},
    status::{Blocker, Progress},
    worker::Worker,
};

#[derive(Serialize)]
struct Rows {
    rows: Vec<Box<RawValue>>,
    next: Option<String>,
}

impl Worker<ViewModel> {
    /// Answers, once the view has everything up to the position that was asked for.
    pub(crate) async fn answer(&self, request: ViewRequest) -> ViewReply {
        let ViewRequest { query, min_position, wait_ms } = request;
        let (position, body) = match query {
            Query::Status => {
                let status = self.view_status().await?;
                (status.position, to_json(&status))
            }
            Query::Rows { filters, limit, cursor } => {
                let view = self.ready(min_position, wait_ms).await?;
                let applied = self.status.progress().applied; // first: what is read then is at least as new
                let read = view.rows(&filters, limit, cursor.as_deref()).await;
                let (position, page) = read.map_err(|error| self.failure(error))?;
                (position.max(applied), to_json(&Rows { rows: page.rows, next: page.next }))
            }
            Query::Row { key } => {
                let view = self.ready(min_position, wait_ms).await?;
                let applied = self.status.progress().applied;
                let (position, row) = view.row(&key).await.map_err(|error| self.failure(error))?;
                let position = position.max(applied);
                (position, row.ok_or(Failure::NotFound { position })?)
            }
        };
        Ok(ViewAnswer { position, body })
    }
}

impl<M: ReadModel> Worker<M> {
    /// Waits until it may answer: what is read from the file then is at least as new as was asked.
    pub(crate) async fn ready(
        &self,
        min_position: Option<Position>,
        wait_ms: u64,
    ) -> Result<Arc<M::File>, Failure> {
        let deadline = Instant::now() + Duration::from_millis(wait_ms);
        match min_position {
            Some(position) => self.wait_for(position, deadline).await?,
            None if !self.status.progress().live => return Err(self.not_there(None)),
            None => {}
        }
        self.file().ok_or_else(|| Failure::Unavailable { detail: "the file is being opened".into() })
    }

    /// Waits until everything up to `wanted` has been applied.
    async fn wait_for(&self, wanted: Position, deadline: Instant) -> Result<(), Failure> {
        let there = |progress: &Progress| progress.serves() && progress.applied >= wanted;
        if there(&self.status.progress()) {
            return Ok(());
        }
        let end = self.log.log().end().await.map_err(|error| unavailable(&error))?;
        if wanted > end {
            return Err(Failure::BeyondTheEnd { wanted, end });
        }
        let settled = self.status.wait_until(|progress| there(progress) || progress.blocker.is_some());
        match timeout_at(deadline, settled).await {
            Ok(progress) if there(&progress) => Ok(()),
            _ => Err(self.not_there(Some(wanted))),
        }
    }

    /// Why it is not where it should be.
    fn not_there(&self, wanted: Option<Position>) -> Failure {
        let progress = self.status.progress();
        match progress.blocker {
            Some(Blocker::Event(detail)) => Failure::EventQuarantined { detail },
            Some(Blocker::File(detail)) => Failure::Unavailable { detail },
            None => Failure::ProjectionBehind { position: progress.applied, wanted },
        }
    }

    /// What a failed read of the file means. If the file is not sound, the worker is told.
    pub(crate) fn failure(&self, error: ViewError) -> Failure {
        if error.fault() == Fault::File {
            self.corrupt.notify_one();
        }
        match error {
            ViewError::Invalid(detail) => Failure::InvalidQuery { detail },
            ViewError::Building => self.not_there(None),
            error @ (ViewError::Unbound { .. }
            | ViewError::FileReplaced
            | ViewError::Damaged(_)
            | ViewError::Database(_)
            | ViewError::Write(_)
            | ViewError::Statement { .. }
            | ViewError::File(_)) => Failure::Unavailable { detail: error.to_string() },
        }
    }

    pub(crate) async fn view_status(&self) -> Result<ViewStatus, Failure> {
        let log = self.log.log();
        self.status.log_ends_at(log.end().await.map_err(|error| unavailable(&error))?);
        let progress = self.status.progress();
        let mut lag_seconds = 0.0;
        if progress.lag() > 0 {
            let since = recorded_at(&log, progress.applied + 1).await.unwrap_or(progress.since);
            lag_seconds = Timestamp::now().duration_since(since).as_secs_f64().max(0.0);
        }
        Ok(ViewStatus {
            position: progress.applied,
            lag_events: progress.lag(),
            lag_seconds,
            state: progress.state(),
        })
    }
}

/// When the entry at a position was recorded, if there is one that can be read, and with commits.
async fn recorded_at(log: &JetStreamLog, position: Position) -> Option<Timestamp> {
    let message = log.get(position).await.ok()??;
    let hash = Hash::from_bytes([0; 32]); // it is not looked at
    let entry = Entry::decode(position, hash, &message.body).ok()?;
    entry.commits.first().map(|stored| stored.commit.recorded_at)
}

fn unavailable(error: &LogError) -> Failure {
    Failure::Unavailable { detail: error.to_string() }
}

fn to_json(body: &impl Serialize) -> Box<RawValue> {
    to_raw_value(body).expect("an answer is plain data")
}
