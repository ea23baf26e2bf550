//! What nothing that is built on it could be better than, with nothing of ours on top: measured in the
//! same run, on the same disk.

mod disk;
mod jetstream;
mod sqlite;

use super::{Bench, sample::Sample};

/// Something that limits us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    /// The disk.
    Fsync,
    /// One message after the other, as large as entries are.
    Entry,
    /// A view's file.
    Sqlite,
    /// What is on disk and then in a file: one message, one row.
    Visible,
}

impl Limit {
    /// All of them.
    pub(crate) const ALL: &[Self] = &[Self::Fsync, Self::Entry, Self::Sqlite, Self::Visible];

    /// Measures it once.
    pub(crate) async fn round(self, bench: &Bench) -> anyhow::Result<Vec<Sample>> {
        match self {
            Self::Fsync => bench.unless_stopped(disk::fsync(bench)).await,
            Self::Entry => jetstream::entries(bench).await,
            Self::Sqlite => bench.unless_stopped(sqlite::rows(bench)).await,
            Self::Visible => sqlite::visible(bench).await,
        }
    }

    /// For people.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Fsync => "the disk",
            Self::Entry => "messages as large as entries",
            Self::Sqlite => "SQLite",
            Self::Visible => "a message and then a row",
        }
    }
}
