//! Answers questions about a view, never with older data than was asked for.

use std::{sync::Arc, time::Duration};

use annals_core::{
    Position,
    bus::{Failure, Query, ViewAnswer, ViewReply, ViewRequest, ViewStatus},
};
use annals_nats::{Log, LogError, Scope};
use annals_sqlite::{Fault, View, ViewError};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::{Instant, timeout_at};

use crate::{
    keeper::Keeper,
    progress::{InTheWay, Now},
};

#[derive(Serialize)]
struct Rows {
    rows: Vec<Box<RawValue>>,
    next: Option<String>,
}

impl Keeper {
    /// Answers, once the view has everything up to the position that was asked for.
    pub(crate) async fn answer(&self, request: ViewRequest) -> ViewReply {
        match &request.query {
            Query::Status => self.status().await.map_err(LogError::unanswered),
            Query::Rows { filters, limit, cursor } => {
                let (view, applied) = self.ready(&request).await?;
                let read = view.rows(filters, *limit, cursor.as_deref()).await;
                let (position, page) = read.map_err(|error| self.fault(error))?;
                let body = raw(&Rows { rows: page.rows, next: page.next });
                Ok(ViewAnswer { position: position.max(applied), body })
            }
            Query::Row { key } => {
                let (view, applied) = self.ready(&request).await?;
                let (position, row) = view.row(key).await.map_err(|error| self.fault(error))?;
                let position = position.max(applied);
                Ok(ViewAnswer { position, body: row.ok_or(Failure::NotFound { position })? })
            }
        }
    }

    /// Waits until the view may answer, and says how far it is: what is read then is at least as new.
    async fn ready(&self, request: &ViewRequest) -> Result<(Arc<View>, Position), Failure> {
        let deadline = Instant::now() + Duration::from_millis(request.wait_ms);
        match request.min_position {
            Some(position) => self.wait_for(position, deadline).await?,
            None if !self.progress.now().live => return Err(self.not_there(None)),
            None => {}
        }
        let applied = self.progress.now().applied;
        let closed = || Failure::Unavailable { detail: "the view's file is being opened".into() };
        Ok((self.view().ok_or_else(closed)?, applied))
    }

    /// Waits until nothing of the view's categories up to `wanted` is unapplied.
    async fn wait_for(&self, wanted: Position, deadline: Instant) -> Result<(), Failure> {
        let now = self.progress.now();
        if now.live && now.applied >= wanted {
            return Ok(());
        }
        let end = self.log.last(&Scope::All).await.map_err(LogError::unanswered)?;
        if wanted > end {
            return Err(Failure::BeyondTheEnd { wanted, end });
        }
        // The last of each category tells whether there is something in between, and how far to go.
        let last = self.last().await.map_err(LogError::unanswered)?;
        let goal = last.min(wanted);
        let there = |now: &Now| now.applied >= wanted || now.checkpoint >= goal;
        let settled = self.progress.wait_until(|now| there(now) && now.live || now.in_the_way.is_some());
        match timeout_at(deadline, settled).await {
            Ok(now) if there(&now) && now.live => {
                self.progress.nothing_up_to(wanted.max(if now.checkpoint >= last { end } else { 0 }));
                Ok(())
            }
            _ => Err(self.not_there(Some(wanted))),
        }
    }

    /// Why the view is not where it should be.
    fn not_there(&self, wanted: Option<Position>) -> Failure {
        let now = self.progress.now();
        match now.in_the_way {
            Some(InTheWay::Event(detail)) => Failure::EventQuarantined { detail },
            Some(InTheWay::File(detail)) => Failure::Unavailable { detail },
            None => Failure::ProjectionBehind { position: now.applied, wanted },
        }
    }

    fn fault(&self, error: ViewError) -> Failure {
        if error.fault() == Fault::File {
            self.unsound.notify_one();
        }
        match error {
            ViewError::Invalid(detail) => Failure::InvalidQuery { detail },
            ViewError::Building => self.not_there(None),
            error @ (ViewError::Unbound { .. }
            | ViewError::Moved
            | ViewError::Database(_)
            | ViewError::Write(_)
            | ViewError::Statement { .. }
            | ViewError::File(_)) => Failure::Unavailable { detail: error.to_string() },
        }
    }

    async fn status(&self) -> Result<ViewAnswer, LogError> {
        let end = self.log.last(&Scope::All).await?;
        let oldest = self.oldest_unapplied().await?;
        let lag_events = match oldest {
            None => 0,
            // While the consumer is gone nobody counts; but there is at least that one.
            Some(_) => self.nats.outstanding(&self.durable).await.unwrap_or(0).max(1),
        };
        if oldest.is_none() {
            self.progress.nothing_up_to(end);
        }
        let age = |since| Timestamp::now().duration_since(since).as_secs_f64().max(0.0);
        let now = self.progress.now();
        let lag_seconds = oldest.map_or(0.0, age);
        let status = ViewStatus { position: now.applied, lag_events, lag_seconds, state: now.state() };
        Ok(ViewAnswer { position: now.applied, body: raw(&status) })
    }

    /// When the first commit was recorded that the view has not applied.
    async fn oldest_unapplied(&self) -> Result<Option<Timestamp>, LogError> {
        let checkpoint = self.progress.now().checkpoint;
        let mut oldest = None;
        for category in self.projection.categories() {
            let page = self.log.read(&Scope::Category(category.into()), checkpoint, 1).await;
            let first = match page {
                Err(LogError::Commit(_)) => Some(Timestamp::now()), // there is one, of unknown age
                page => page?.commits.first().map(|stored| stored.commit.recorded_at),
            };
            oldest = [oldest, first].into_iter().flatten().min();
        }
        Ok(oldest)
    }
}

fn raw(body: &impl Serialize) -> Box<RawValue> {
    to_raw_value(body).expect("an answer is plain data")
}
