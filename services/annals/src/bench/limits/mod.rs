//! What nothing that is built on it could be better than, with nothing of ours on top: measured in the
//! same run, on the same disk.

mod disk;
mod http;
mod jetstream;
mod sqlite;

use super::{Bench, sample::Sample};

/// Something that limits us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Limit {
    /// The disk.
    Fsync,
    /// One message after the other, and 128 at once.
    Publish,
    /// Many messages at once.
    Batch,
    /// Reading a stream.
    Read,
    /// A view's file.
    Sqlite,
    /// What is on disk and then in a file: one message, one row.
    Visible,
    /// A server that does nothing.
    Http,
}

impl Limit {
    /// All of them.
    pub(crate) const ALL: &[Self] =
        &[Self::Fsync, Self::Publish, Self::Batch, Self::Read, Self::Sqlite, Self::Visible, Self::Http];

    /// Measures it once.
    pub(crate) async fn round(self, bench: &Bench) -> anyhow::Result<Vec<Sample>> {
        match self {
            Self::Fsync => bench.unless_stopped(disk::fsync(bench)).await,
            Self::Publish => jetstream::publish(bench).await,
            Self::Batch => jetstream::batch(bench).await,
            Self::Read => jetstream::read(bench).await,
            Self::Sqlite => bench.unless_stopped(sqlite::rows(bench)).await,
            Self::Visible => sqlite::visible(bench).await,
            Self::Http => bench.unless_stopped(http::requests(bench)).await,
        }
    }

    /// For whoever waits.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::Fsync => "the disk",
            Self::Publish => "single messages",
            Self::Batch => "atomic batches",
            Self::Read => "reading a stream",
            Self::Sqlite => "SQLite",
            Self::Visible => "a message and then a row",
            Self::Http => "axum",
        }
    }
}
