//! Moves what SQLite's write-ahead log (WAL) holds into the file itself.
//!
//! SQLite would do that within a commit, every 1,000 pages. Here it is done every 8,000 pages, by a thread of its
//! own: a page that many transactions change is moved once, and the writer goes on meanwhile.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use rusqlite::Connection;
use tracing::warn;

use crate::WriteError;

/// Pages of 4 KiB in the WAL after which they are moved.
const PAGES: usize = 8_000;

/// So many, and the writer waits until they have been moved: while it writes, the WAL cannot begin anew, and grows.
const MAX_PAGES: usize = 4 * PAGES;

thread_local! {
    /// Pages in the WAL of the file to which this thread has committed last.
    static COMMITTED: Cell<usize> = const { Cell::new(0) };
}

/// Moves pages by a connection of its own.
#[derive(Debug)]
pub(crate) struct Checkpointer {
    path: PathBuf,
    /// None once it is closed.
    connection: Mutex<Option<Connection>>,
}

/// When a writer has its pages moved.
#[derive(Debug)]
pub(crate) struct Schedule {
    checkpointer: Arc<Checkpointer>,
    /// Pages in the WAL at which that is due.
    due: usize,
}

impl Schedule {
    /// `writer` no longer moves pages by itself; `connection` does.
    pub(crate) fn new(writer: &Connection, connection: Connection, path: &Path) -> Self {
        writer.wal_hook(Some(|_, pages| {
            COMMITTED.set(usize::try_from(pages).unwrap_or_default());
            Ok(())
        }));
        let connection = Mutex::new(Some(connection));
        Self { checkpointer: Arc::new(Checkpointer { path: path.to_owned(), connection }), due: PAGES }
    }

    /// The writer has committed, on this thread.
    pub(crate) fn committed(&mut self) {
        let pages = COMMITTED.take();
        if pages < PAGES {
            self.due = PAGES;
        } else if pages >= self.due {
            self.due = pages + PAGES;
            if pages >= MAX_PAGES {
                self.checkpointer.run();
            } else {
                self.checkpointer.spawn();
            }
        }
    }

    /// Waits for what is being moved, and closes the connection.
    pub(crate) fn close(self) {
        self.checkpointer.lock().take();
    }
}

impl Checkpointer {
    /// Moves them on a thread of its own. Without one they are moved another time: what was committed stays so.
    fn spawn(self: &Arc<Self>) {
        let checkpointer = self.clone();
        let spawned = thread::Builder::new().name("checkpoint".into()).spawn(move || checkpointer.run());
        if let Err(error) = spawned {
            warn!(file = %self.path.display(), %error, "there is no thread to move SQLite's write-ahead log");
        }
    }

    /// Moves what no reader needs in its place.
    fn run(&self) {
        let connection = self.lock();
        let Some(connection) = connection.as_ref() else { return };
        let moved = connection.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
        if let Err(error) = moved.map_err(WriteError::from) {
            warn!(file = %self.path.display(), %error, "SQLite's write-ahead log could not be moved into the file");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
