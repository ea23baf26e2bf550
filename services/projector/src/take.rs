//! Writes what was read.

use std::{sync::Arc, time::Duration};

use annals_nats::Delivery;
use annals_sqlite::{Change, View};
use tokio::time::Instant;
use tracing::info;

use crate::{ahead::Batch, keep::Following, keeper::Keeper, trouble::Trouble};

impl Keeper {
    /// Writes a batch, and says how far the view is now.
    pub(crate) async fn take(&self, following: &Following, batch: Batch) -> Result<(), Trouble> {
        let (started, commits) = (Instant::now(), batch.changes.len());
        self.apply(&following.view, &batch.changes.into()).await?;
        let Some(last) = batch.last else { return Ok(()) };
        self.tell(commits, &last, started.elapsed());
        self.lags(last.pending);
        last.acknowledge().await;
        self.reach(following, last.position).await
    }

    /// In one transaction; or, if one of them is to blame, one by one, to stop at that one.
    async fn apply(&self, view: &View, changes: &Arc<[Change]>) -> Result<(), Trouble> {
        match self.write(view, changes).await {
            Err(Trouble::Event { .. }) if changes.len() > 1 => {
                for change in changes.iter() {
                    self.write(view, &Arc::from([change.clone()])).await?;
                }
                Ok(())
            }
            written => written,
        }
    }

    async fn write(&self, view: &View, changes: &Arc<[Change]>) -> Result<(), Trouble> {
        let Some(Change { checkpoint, .. }) = changes.last() else { return Ok(()) };
        let written = view.apply(changes).await;
        written.map_err(|error| Trouble::writing(checkpoint.position, error))?;
        self.progress.advance(checkpoint.position);
        Ok(())
    }

    /// One line for what was written.
    fn tell(&self, commits: usize, last: &Delivery, took: Duration) {
        let (view, position, ms) = (self.projection.view, last.position, took.as_secs_f64() * 1000.0);
        metrics::counter!("annals_view_commits_total", "view" => view).increment(commits as u64);
        metrics::histogram!("annals_view_batch_seconds", "view" => view).record(took.as_secs_f64());
        match &last.stored {
            Ok(stored) if commits == 1 => {
                let (stream, version) = (&stored.commit.stream, stored.commit.version());
                let correlation = stored.commit.context.correlation_id;
                info!(category = stream.category, id = %stream.id, version, position, ms, %correlation, "{view}");
            }
            _ => info!(position, ms, "{view}: {commits} commits"),
        }
    }
}
