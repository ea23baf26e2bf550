//! All read models that this process keeps: their workers, their answers, and how they are.

use std::{collections::BTreeMap, sync::Arc};

use annals_chassis::health::Condition;
use annals_core::{Catalog, Projection, bus::ViewRequest, index::IndexRequest};
use annals_nats::{Nats, ServeError};
use annals_sqlite::Directory;
use futures_util::future::join;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    index::{self, IndexModel},
    log::LogSource,
    model::ViewModel,
    status::Status,
    timing::Timing,
    worker::Worker,
};

/// A worker for each view, by its name, and one for the events index.
pub(crate) struct Views {
    views: BTreeMap<&'static str, Arc<Worker<ViewModel>>>,
    index: Option<Arc<Worker<IndexModel>>>,
}

/// How all of them are, from before their workers begin.
pub(crate) struct Statuses(BTreeMap<&'static str, Arc<Status>>);

impl Statuses {
    /// Of those that are wanted; none named: of all.
    pub(crate) fn new(catalog: &Catalog, only: &[String]) -> Self {
        let names = catalog.projections().map(|it| it.view).chain([index::NAME]);
        let wanted = names.filter(|name| only.is_empty() || only.iter().any(|it| it == name));
        Self(wanted.map(|name| (name, Arc::new(Status::new(name)))).collect())
    }
}

/// One that serves makes the projector ready; what stops the others is theirs.
impl Condition for Statuses {
    fn serves(&self) -> bool {
        self.0.is_empty() || self.0.values().any(|status| status.progress().serves())
    }

    fn degraded(&self) -> Vec<String> {
        let blocked = self.0.values().filter(|status| status.progress().blocker.is_some());
        blocked.map(|status| status.name.into()).collect()
    }
}

impl Views {
    pub(crate) fn new(
        catalog: &Catalog,
        statuses: &Statuses,
        directory: &Arc<Directory>,
        log: &Arc<LogSource>,
        timing: Timing,
    ) -> Self {
        let view = |projection: &Projection| {
            let status = statuses.0.get(projection.view)?;
            let model = ViewModel { projection: projection.clone(), directory: directory.clone() };
            Some((projection.view, Arc::new(Worker::new(model, status, log, timing))))
        };
        let index = |status| {
            let model = IndexModel { directory: directory.clone(), catalog: catalog.clone() };
            Arc::new(Worker::new(model, status, log, timing))
        };
        Self {
            views: catalog.projections().filter_map(view).collect(),
            index: statuses.0.get(index::NAME).map(index),
        }
    }

    /// Begins to keep them, until `stop`.
    pub(crate) fn spawn(&self, stop: &CancellationToken) -> TaskTracker {
        let tasks = TaskTracker::new();
        for view in self.views.values() {
            tasks.spawn(view.clone().run(stop.clone()));
        }
        if let Some(index) = &self.index {
            tasks.spawn(index.clone().run(stop.clone()));
        }
        tasks.close();
        tasks
    }

    /// Answers queries until `shutdown`.
    ///
    /// # Errors
    /// When the connection is closed.
    pub(crate) async fn serve(&self, nats: &Nats, shutdown: CancellationToken) -> Result<(), ServeError> {
        let mut service = nats.serve("annals-projector").await?;
        for name in self.views.keys() {
            service = service.view(name).await?;
        }
        let views = self.views.clone();
        let answer = move |name: Arc<str>, request: ViewRequest| {
            let view = views[&*name].clone();
            async move { view.answer(request).await }
        };
        let views = service.run(answer, shutdown.clone());
        let Some(index) = self.index.clone() else {
            views.await;
            return Ok(());
        };
        let service = nats.serve("annals-events-index").await?.index().await?;
        let answer = move |_, request: IndexRequest| {
            let index = index.clone();
            async move { index.answer(request).await }
        };
        join(views, service.run(answer, shutdown)).await;
        Ok(())
    }
}
