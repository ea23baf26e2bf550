//! Follows the log and keeps one view up to date.

use std::sync::Arc;

use annals_core::Position;
use annals_nats::NotFollowing;
use annals_sqlite::View;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    ahead::{Ahead, Batch},
    keeper::Keeper,
    trouble::Trouble,
};

/// A view that follows the log.
pub(crate) struct Following {
    pub view: Arc<View>,
    /// Where the view's categories ended when it began: once there, it may show its rows.
    pub goal: Position,
}

/// Keeps a view until `shutdown`. Whatever is in the way is tried again and again; no other view
/// is stopped by it.
pub(crate) async fn keep(keeper: Arc<Keeper>, shutdown: CancellationToken) {
    let mut tries = 0;
    while let Err(trouble) = keeper.follow(&shutdown).await {
        if let Trouble::NotFollowing(NotFollowing::Disconnected) = trouble {
            continue; // the connection has said so, and whatever is asked first waits until it is made again
        }
        // What was in the way has gone, so this is something new.
        if keeper.progress.now().in_the_way.is_none() {
            tries = 0;
        }
        tries = if trouble.in_the_way().is_some() { tries + 1 } else { tries };
        keeper.stand_still(&trouble, tries).await;
        let pause = match trouble.in_the_way() {
            Some(_) => keeper.pace.pause(tries),
            None => keeper.pace.retry, // the log is back when it is back
        };
        if shutdown.run_until_cancelled(sleep(pause)).await.is_none() {
            break;
        }
    }
    keeper.close().await;
}

impl Keeper {
    /// Says what is in the way, to whoever reads logs, watches or asks.
    async fn stand_still(&self, trouble: &Trouble, tries: u32) {
        let (view, now) = (self.projection.view, self.progress.now());
        warn!(position = now.checkpoint, tries, "{view} stands still: {trouble}");
        metrics::counter!("annals_view_retries_total", "view" => view).increment(1);
        if let Trouble::Event { position, .. } = trouble {
            self.progress.nothing_up_to(position - 1); // all before it has been applied
        }
        if let Some(in_the_way) = trouble.in_the_way() {
            self.progress.stuck(in_the_way);
        }
        if trouble.is_of_the_file() {
            self.close().await;
        }
        if trouble.is_damage()
            && let Err(error) = self.directory.discard(&self.projection)
        {
            warn!("the damaged file of {view} stays: {error}");
        }
        if let Trouble::Silent = trouble {
            self.nats.forget(&self.durable).await; // it may be paused, and would stay so
        }
    }

    /// Follows until `shutdown`, or until something is in the way.
    async fn follow(self: &Arc<Self>, shutdown: &CancellationToken) -> Result<(), Trouble> {
        let beginning = Box::pin(self.begin()); // it is large
        let Some(begun) = shutdown.run_until_cancelled(beginning).await else { return Ok(()) };
        let (following, ahead) = begun?;
        let (writer, batches) = mpsc::channel(1);
        let reading = tokio::spawn(ahead.read(writer));
        let ended = self.write_on(&following, batches, shutdown).await;
        // Waited for: it would take deliveries from whoever follows next.
        reading.abort();
        let _ = reading.await;
        ended
    }

    async fn begin(self: &Arc<Self>) -> Result<(Following, Ahead), Trouble> {
        let view = self.open().await?;
        let reached = self.checkpoint(&view).await?;
        let goal = self.last().await?;
        let categories: Vec<_> = self.projection.categories().collect();
        let follower = self.nats.follow(&self.durable, &categories, reached).await?;
        self.lags(self.nats.outstanding(&self.durable).await?);
        let following = Following { view: view.clone(), goal };
        self.reach(&following, reached).await?;
        Ok((following, Ahead { keeper: self.clone(), view, follower, reached }))
    }

    /// Writes what is read. What has been read and is not being written is read again another time.
    async fn write_on(
        &self,
        following: &Following,
        mut batches: mpsc::Receiver<Result<Batch, Trouble>>,
        shutdown: &CancellationToken,
    ) -> Result<(), Trouble> {
        loop {
            let batch = tokio::select! {
                batch = batches.recv() => batch.expect("whoever reads ahead says why it ends"),
                () = self.unsound.notified() => return Err(Trouble::Unsound),
                () = shutdown.cancelled() => return Ok(()),
            };
            self.take(following, batch?).await?;
        }
    }

    /// The first time that the view is at the log's end it may show its rows.
    pub(crate) async fn reach(&self, following: &Following, checkpoint: Position) -> Result<(), Trouble> {
        if checkpoint >= following.goal && !self.progress.now().live {
            following.view.mark_reached_end().await?;
            self.progress.live();
            info!(position = checkpoint, "{} is live", self.projection.view);
        }
        Ok(())
    }
}
