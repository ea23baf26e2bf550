//! Applies what was delivered.

use std::time::Duration;

use annals_core::{Sql, StoredCommit};
use annals_nats::Delivery;
use annals_sqlite::{Checkpoint, Fault, View, ViewError};
use tokio::time::Instant;
use tracing::info;

use crate::{
    keep::Following,
    keeper::Keeper,
    trouble::{Trouble, project},
};

/// Commits, and what each does to the view.
type Batch<'a> = [(&'a StoredCommit, Vec<Sql>)];

impl Keeper {
    /// Applies what was delivered, as far as it can be read.
    pub(crate) async fn take(&self, following: &Following, deliveries: Vec<Delivery>) -> Result<(), Trouble> {
        let started = Instant::now();
        let (mut batch, mut trouble) = (Vec::new(), None);
        for delivery in &deliveries {
            match project(&self.projection, delivery) {
                Ok(commit) => batch.push(commit),
                Err(error) => {
                    trouble = Some(error);
                    break;
                }
            }
        }
        self.apply(&following.view, &batch).await?;
        self.tell(&batch, started.elapsed());
        if let Some(last) = batch.len().checked_sub(1).map(|last| &deliveries[last]) {
            self.lags(last.pending + (deliveries.len() - batch.len()) as u64);
            following.follower.acknowledge(last).await;
            self.reach(following, last.position).await?;
        }
        trouble.map_or(Ok(()), Err)
    }

    /// In one transaction; or, if one of them is to blame, one by one, to stop at that one.
    async fn apply(&self, view: &View, batch: &Batch<'_>) -> Result<(), Trouble> {
        let Some((last, _)) = batch.last() else { return Ok(()) };
        let all: Vec<Sql> = batch.iter().flat_map(|(_, statements)| statements).cloned().collect();
        match self.write(view, last, &all).await {
            Err(error) if error.fault() == Fault::Request && batch.len() > 1 => {
                for (stored, statements) in batch {
                    let written = self.write(view, stored, statements).await;
                    written.map_err(|error| Trouble::writing(stored.position, error))?;
                }
                Ok(())
            }
            written => written.map_err(|error| Trouble::writing(last.position, error)),
        }
    }

    async fn write(&self, view: &View, last: &StoredCommit, statements: &[Sql]) -> Result<(), ViewError> {
        let checkpoint = Checkpoint { position: last.position, commit_id: Some(last.commit.id) };
        view.apply(statements, checkpoint).await?;
        self.progress.advance(last.position);
        Ok(())
    }

    /// One line for what was applied.
    fn tell(&self, batch: &Batch<'_>, took: Duration) {
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
