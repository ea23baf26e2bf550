//! One view, with all that is needed to keep it and to answer for it.

use annals_core::{Position, Projection};
use annals_nats::{JetStreamLog, Log, LogError, Nats, Scope};
use annals_sqlite::{Directory, View, ViewError};

use crate::progress::Progress;

/// A view in the care of this process.
pub(crate) struct Keeper {
    pub projection: Projection,
    pub view: View,
    pub progress: Progress,
    pub nats: Nats,
    pub log: JetStreamLog,
    /// Names the consumer. Two projectors on one consumer would each get a part, so the copy of
    /// the files is in the name.
    pub durable: String,
}

impl Keeper {
    pub(crate) async fn open(
        nats: &Nats,
        directory: &Directory,
        projection: &Projection,
    ) -> Result<Self, ViewError> {
        let view = View::open(directory, projection).await?;
        let (checkpoint, live) = (view.checkpoint().await?, view.has_reached_end().await?);
        Ok(Self {
            progress: Progress::new(checkpoint.position, live),
            durable: format!("view-{}-v{}-{}", projection.view, projection.version, directory.copy()),
            projection: projection.clone(),
            view,
            nats: nats.clone(),
            log: nats.log(),
        })
    }

    /// Where the last commit of each of the view's categories stands.
    pub(crate) async fn last_of_each(&self) -> Result<Vec<Position>, LogError> {
        let mut all = Vec::new();
        for category in self.projection.categories() {
            all.push(self.log.last(&Scope::Category(category.into())).await?);
        }
        Ok(all)
    }
}
