//! Read models and snapshots in SQLite. The only user of sqlx, which reads, and of rusqlite,
//! which writes.
//!
//! A [`Directory`] belongs to one process. In it every [`View`] has a file of its own, where rows and
//! the [`Checkpoint`] change in one transaction: what a view shows and how far it is can never
//! disagree. [`Snapshots`] are the command service's. Nothing here is precious; the log gives it all again.

pub mod bare;

mod cursor;
mod directory;
mod error;
mod fault;
mod file;
mod read;
mod select;
mod snapshots;
mod statement;
mod value;
mod view;
mod writer;

pub use directory::{Directory, DirectoryError};
pub use error::{ViewError, WriteError};
pub use fault::Fault;
pub use read::RowsPage;
pub use snapshots::{Snapshot, SnapshotError, Snapshots};
pub use view::{Change, Checkpoint, View};
