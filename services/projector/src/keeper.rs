//! One view, with all that is needed to keep it and to answer for it.

use std::sync::{Arc, PoisonError, RwLock};

use annals_core::{Position, Projection};
use annals_nats::{JetStreamLog, Log, LogError, Nats, Scope};
use annals_sqlite::{Directory, View, ViewError};
use tokio::sync::Notify;

use crate::{pace::Pace, progress::Progress};

/// A view in the care of this process.
pub(crate) struct Keeper {
    pub projection: Projection,
    pub progress: Progress,
    pub nats: Nats,
    pub log: JetStreamLog,
    pub pace: Pace,
    /// Names the consumer. Two projectors on one consumer would each get a part, so the copy of
    /// the files is in the name.
    pub durable: String,
    /// A reader has seen that the file is not sound.
    pub unsound: Notify,
    pub directory: Arc<Directory>,
    /// None while it is closed: before it is opened, and while its file is in the way.
    view: RwLock<Option<Arc<View>>>,
}

impl Keeper {
    pub(crate) fn new(nats: &Nats, directory: &Arc<Directory>, projection: &Projection, pace: Pace) -> Self {
        Self {
            progress: Progress::new(projection.view),
            durable: format!("view-{}@{}-{}", projection.view, projection.version, directory.copy()),
            projection: projection.clone(),
            nats: nats.clone(),
            log: nats.log(),
            pace,
            unsound: Notify::new(),
            directory: directory.clone(),
            view: RwLock::default(),
        }
    }

    /// The view, if it is open.
    pub(crate) fn view(&self) -> Option<Arc<View>> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it can answer, though maybe not as far as is asked.
    pub(crate) fn serves(&self) -> bool {
        self.view().is_some() && self.progress.now().live
    }

    /// The view, opened if it is not.
    pub(crate) async fn open(&self) -> Result<Arc<View>, ViewError> {
        if let Some(view) = self.view() {
            return Ok(view);
        }
        let view = Arc::new(View::open(&self.directory, &self.projection).await?);
        self.progress.begin(view.checkpoint().await?.position, view.has_reached_end().await?);
        self.set(Some(view.clone()));
        Ok(view)
    }

    /// Closes the view, so that its file is whole by itself.
    pub(crate) async fn close(&self) {
        if let Some(view) = self.set(None) {
            view.close().await;
        }
    }

    fn set(&self, view: Option<Arc<View>>) -> Option<Arc<View>> {
        std::mem::replace(&mut *self.view.write().unwrap_or_else(PoisonError::into_inner), view)
    }

    /// Where the last commit of the view's categories stands; 0 if there is none.
    pub(crate) async fn last(&self) -> Result<Position, LogError> {
        let mut last = 0;
        for category in self.projection.categories() {
            last = last.max(self.log.last(&Scope::Category(category.into())).await?);
        }
        Ok(last)
    }

    #[allow(clippy::cast_precision_loss)] // beyond 2^53 a gauge may be off by one
    pub(crate) fn lags(&self, commits: u64) {
        metrics::gauge!("annals_view_lag_commits", "view" => self.projection.view).set(commits as f64);
    }
}
