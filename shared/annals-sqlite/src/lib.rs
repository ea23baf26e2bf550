//! Read models, the events index and the state store in SQLite. The only user of sqlx, which reads, and of rusqlite,
//! which writes.
//!
//! A [`Directory`] belongs to one process. In it every [`View`] has a file of its own, where rows and
//! the checkpoint change in one transaction: what a view shows and how far it is can never
//! disagree. The [`EventsIndex`] is one, too. The [`StateStore`] is the command service's. Nothing here is precious; the
//! log gives it all again.

pub mod bare;

mod cursor;
mod directory;
mod error;
mod events_index;
mod fault;
mod file;
mod read;
mod select;
mod state_store;
mod statement;
mod value;
mod view;
mod wal;
mod writer;

pub use directory::{Directory, DirectoryError};
pub use error::{ViewError, WriteError};
pub use events_index::{Address, EventsFilter, EventsIndex, StreamPage, StreamRow, StreamsPage};
pub use fault::Fault;
pub use read::RowsPage;
pub use state_store::{
    StateBatch, StateReader, StateStore, StateStoreError, StateWriter, StoredCommand, StoredState,
};
pub use view::{Change, View};
