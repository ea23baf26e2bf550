//! Follows the log and keeps one view up to date.

use std::{sync::Arc, time::Duration};

use annals_core::{Position, Sql, StoredCommit};
use annals_nats::{Delivery, Follower};
use annals_sqlite::{Checkpoint, ViewError};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{keeper::Keeper, trouble::Trouble};

/// Commits that one transaction takes when there are many.
const BATCH: usize = 1000;

/// After so long without a delivery the log is asked whether there should have been one.
const SILENCE: Duration = Duration::from_secs(5);

/// Between two tries of what is in the way: doubled each time, from the first to the last.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(64));

/// Keeps a view until `shutdown`. Whatever is in the way is tried again and again; no other view
/// is stopped by it.
pub(crate) async fn keep(keeper: Arc<Keeper>, shutdown: CancellationToken) {
    let (mut pause, mut stuck_at) = (RETRY.0, None);
    loop {
        let Err(trouble) = keeper.follow(&shutdown).await else { return };
        let checkpoint = keeper.progress.now().checkpoint;
        pause = if stuck_at == Some(checkpoint) { (pause * 2).min(RETRY.1) } else { RETRY.0 };
        stuck_at = Some(checkpoint);
        warn!(
            position = checkpoint,
            pause_s = pause.as_secs(),
            "{} stands still: {trouble}",
            keeper.projection.view
        );
        if let Trouble::Event { position, .. } = trouble {
            keeper.progress.nothing_up_to(position - 1); // all before it has been applied
        }
        match trouble {
            Trouble::Event { .. } | Trouble::View(_) => keeper.progress.stuck(trouble.to_string()),
            Trouble::Log(_) | Trouble::Silent => pause = RETRY.0, // the log is back when it is back
        }
        if shutdown.run_until_cancelled(sleep(pause)).await.is_none() {
            return;
        }
    }
}

impl Keeper {
    /// Follows until `shutdown`, or until something is in the way.
    async fn follow(&self, shutdown: &CancellationToken) -> Result<(), Trouble> {
        let checkpoint = self.checkpoint().await?;
        let categories: Vec<_> = self.projection.categories().collect();
        let goal = self.last_of_each().await?.into_iter().max().unwrap_or(0);
        let mut follower = self.nats.follow(&self.durable, &categories, checkpoint).await?;
        self.reach(checkpoint, goal).await?;
        loop {
            let Some(next) = shutdown.run_until_cancelled(timeout(SILENCE, follower.next(BATCH))).await
            else {
                return Ok(());
            };
            match next {
                Ok(deliveries) => self.take(&follower, deliveries?, goal).await?,
                Err(_)
                    if self
                        .last_of_each()
                        .await?
                        .iter()
                        .any(|last| *last > self.progress.now().checkpoint) =>
                {
                    return Err(Trouble::Silent);
                }
                Err(_) => {}
            }
        }
    }

    /// Applies what was delivered, as far as it can be read.
    async fn take(
        &self,
        follower: &Follower,
        deliveries: Vec<Delivery>,
        goal: Position,
    ) -> Result<(), Trouble> {
        let started = Instant::now();
        let (mut batch, mut trouble) = (Vec::new(), None);
        for delivery in &deliveries {
            let position = delivery.position;
            let read = delivery.stored.as_ref().map_err(|error| Trouble::malformed(position, error));
            let projected = read.and_then(|stored| {
                let statements = self.projection.project(stored);
                Ok((stored, statements.map_err(|error| Trouble::unreadable(position, &error))?))
            });
            match projected {
                Ok(commit) => batch.push(commit),
                Err(error) => {
                    trouble = Some(error);
                    break;
                }
            }
        }
        self.apply(&batch).await?;
        self.tell(&batch, started.elapsed());
        if let Some(delivery) = batch.len().checked_sub(1).map(|last| &deliveries[last]) {
            follower.acknowledge(delivery).await;
            self.reach(delivery.position, goal).await?;
        }
        trouble.map_or(Ok(()), Err)
    }

    /// In one transaction; or, if that fails, one by one, to stop at the one that cannot be applied.
    async fn apply(&self, batch: &[(&StoredCommit, Vec<Sql>)]) -> Result<(), Trouble> {
        let Some((last, _)) = batch.last() else { return Ok(()) };
        let all: Vec<Sql> = batch.iter().flat_map(|(_, statements)| statements).cloned().collect();
        let whole = self.write(last, &all).await;
        if whole.is_err() && batch.len() > 1 {
            for (stored, statements) in batch {
                self.write(stored, statements).await.map_err(|error| Trouble::Event {
                    position: stored.position,
                    reason: error.to_string(),
                })?;
            }
            return Ok(());
        }
        Ok(whole?)
    }

    async fn write(&self, last: &StoredCommit, statements: &[Sql]) -> Result<(), ViewError> {
        let checkpoint = Checkpoint { position: last.position, commit_id: Some(last.commit.id) };
        self.view.apply(statements, checkpoint).await?;
        self.progress.advance(last.position);
        Ok(())
    }

    /// The first time that the view is at the log's end it may show its rows.
    async fn reach(&self, checkpoint: Position, goal: Position) -> Result<(), Trouble> {
        if checkpoint >= goal && !self.progress.now().live {
            self.view.mark_reached_end().await?;
            self.progress.live();
            info!(position = checkpoint, "{} is live", self.projection.view);
        }
        Ok(())
    }

    /// One line for what was applied.
    fn tell(&self, batch: &[(&StoredCommit, Vec<Sql>)], took: Duration) {
        let Some((stored, _)) = batch.last() else { return };
        let (view, position, ms) = (self.projection.view, stored.position, took.as_secs_f64() * 1000.0);
        metrics::counter!("annals_view_commits_total", "view" => view).increment(batch.len() as u64);
        metrics::histogram!("annals_view_batch_seconds", "view" => view).record(took.as_secs_f64());
        if batch.len() == 1 {
            let (stream, version) = (&stored.commit.stream, stored.commit.version());
            let correlation = stored.commit.context.correlation_id;
            info!(category = stream.category, id = %stream.id, version, position, ms, %correlation, "{view}");
        } else {
            info!(position, ms, "{view}: {} commits", batch.len());
        }
    }
}
