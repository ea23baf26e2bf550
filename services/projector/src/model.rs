//! What a worker keeps up to date: a view, or the events index.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use annals_core::{
    Projection, StoredCommit,
    log::{Checkpoint, Read},
};
use annals_sqlite::{Change, Directory, DirectoryError, View, ViewError};
use uuid::Uuid;

/// A read model: its file, and what the log does to it.
pub(crate) trait ReadModel: Send + Sync + 'static {
    /// Its file while it is open.
    type File: ModelFile;

    /// Whether each batch is worth a log line: of the index, which reads everything, none is.
    const LOGS_BATCHES: bool;

    /// Its name, as `/readyz` and metrics show it.
    fn name(&self) -> &'static str;

    /// Opens its file, and creates it for the log of this id if it is missing or of no use.
    fn open(&self, log_id: Uuid) -> impl Future<Output = Result<Self::File, ViewError>> + Send;

    /// Removes its file, which must not be open.
    fn discard(&self) -> Result<(), DirectoryError>;

    /// What one message does to it, or why it cannot handle an event of it.
    fn project(&self, read: &Read) -> Result<<Self::File as ModelFile>::Change, String>;

    /// Whether it reads such commits at all.
    fn reads(&self, stored: &StoredCommit) -> bool;
}

/// An open file of a read model. Its methods are those of [`View`].
pub(crate) trait ModelFile: Send + Sync + 'static {
    /// What one message of the log does to it.
    type Change: Clone + Send + Sync + 'static;

    /// Whether it changes more than the checkpoint.
    fn changes_rows(change: &Self::Change) -> bool;

    fn checkpoint(&self) -> impl Future<Output = Result<Checkpoint, ViewError>> + Send;
    fn log_id(&self) -> impl Future<Output = Result<Uuid, ViewError>> + Send;
    fn has_reached_end(&self) -> impl Future<Output = Result<bool, ViewError>> + Send;
    fn mark_reached_end(&self) -> impl Future<Output = Result<(), ViewError>> + Send;
    fn apply(&self, changes: Arc<[Self::Change]>) -> impl Future<Output = Result<(), ViewError>> + Send;
    fn rebuild(&self, log_id: Uuid) -> impl Future<Output = Result<(), ViewError>> + Send;
    fn verify_identity(&self) -> Result<(), ViewError>;
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// A view of the catalog.
pub(crate) struct ViewModel {
    pub projection: Projection,
    pub directory: Arc<Directory>,
}

impl ReadModel for ViewModel {
    type File = View;

    const LOGS_BATCHES: bool = true;

    fn name(&self) -> &'static str {
        self.projection.view
    }

    async fn open(&self, log_id: Uuid) -> Result<View, ViewError> {
        View::open(&self.directory, &self.projection, log_id).await
    }

    fn discard(&self) -> Result<(), DirectoryError> {
        self.directory.discard(&self.projection)
    }

    /// A projection that panics stops its own view only.
    fn project(&self, read: &Read) -> Result<Change, String> {
        match catch_unwind(AssertUnwindSafe(|| Change::of(&self.projection, read))) {
            Ok(change) => change.map_err(|error| error.to_string()),
            Err(_) => Err("the projection panicked".into()),
        }
    }

    fn reads(&self, stored: &StoredCommit) -> bool {
        self.projection.categories().any(|category| category == stored.commit.stream.category)
    }
}

impl ModelFile for View {
    type Change = Change;

    fn changes_rows(change: &Change) -> bool {
        !change.statements.is_empty()
    }

    async fn checkpoint(&self) -> Result<Checkpoint, ViewError> {
        self.checkpoint().await
    }

    async fn log_id(&self) -> Result<Uuid, ViewError> {
        self.log_id().await
    }

    async fn has_reached_end(&self) -> Result<bool, ViewError> {
        self.has_reached_end().await
    }

    async fn mark_reached_end(&self) -> Result<(), ViewError> {
        self.mark_reached_end().await
    }

    async fn apply(&self, changes: Arc<[Change]>) -> Result<(), ViewError> {
        self.apply(&changes).await
    }

    async fn rebuild(&self, log_id: Uuid) -> Result<(), ViewError> {
        self.rebuild(log_id).await
    }

    fn verify_identity(&self) -> Result<(), ViewError> {
        self.verify_identity()
    }

    async fn close(&self) {
        self.close().await;
    }
}
