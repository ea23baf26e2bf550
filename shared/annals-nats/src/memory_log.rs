//! The log in memory: for tests of what stands on a log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annals_core::{Commit, Position, StoredCommit, StreamId};

use crate::{Appended, Log, LogError, Page, Scope};

/// Keeps commits as bytes, as a server would, and forgets them with the process. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog {
    commits: Arc<Mutex<Commits>>,
}

type Commits = Vec<(StreamId, Vec<u8>)>;

impl MemoryLog {
    fn commits(&self) -> MutexGuard<'_, Commits> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn select(&self, scope: &Scope, after: Position) -> Result<Vec<StoredCommit>, LogError> {
        let commits = self.commits();
        let selected = (1..).zip(commits.iter()).filter(|(position, (stream, _))| {
            *position > after
                && match scope {
                    Scope::All => true,
                    Scope::Category(category) => stream.category == *category,
                    Scope::Stream(wanted) => stream == wanted,
                }
        });
        Ok(selected
            .map(|(position, (_, bytes))| StoredCommit::decode(position, bytes))
            .collect::<Result<_, _>>()?)
    }
}

impl Log for MemoryLog {
    async fn append(&self, commit: &Commit, expected: Position) -> Result<Appended, LogError> {
        let bytes = commit.encode()?;
        let mut commits = self.commits();
        let of_stream = (1..).zip(commits.iter()).filter(|(_, (stream, _))| *stream == commit.stream);
        let since = of_stream
            .clone()
            .filter(|(position, _)| *position > expected)
            .map(|(position, (_, bytes))| StoredCommit::decode(position, bytes))
            .collect::<Result<Vec<_>, _>>()?;
        let last: Position = of_stream.map(|(position, _)| position).last().unwrap_or(0);
        if let Some(ours) = since.iter().find(|stored| stored.commit.id == commit.id) {
            return Ok(Appended::Stored(ours.clone()));
        }
        if last != expected {
            return Ok(Appended::Overtaken(since));
        }
        commits.push((commit.stream.clone(), bytes.clone()));
        Ok(Appended::Stored(StoredCommit::decode(commits.len() as Position, &bytes)?))
    }

    async fn read(&self, scope: &Scope, after: Position, limit: usize) -> Result<Page, LogError> {
        let end = self.commits().len() as Position;
        let mut commits = self.select(scope, after)?;
        let complete = commits.len() <= limit;
        commits.truncate(limit);
        let seen = commits.last().map_or(after, |stored| stored.position);
        Ok(Page { commits, reached: if complete { seen.max(end) } else { seen }, more: !complete })
    }

    async fn read_latest(&self, stream: &StreamId, after: Position) -> Result<Vec<StoredCommit>, LogError> {
        self.select(&Scope::Stream(stream.clone()), after)
    }

    async fn last(&self, scope: &Scope) -> Result<Position, LogError> {
        Ok(self.select(scope, 0)?.last().map_or(0, |stored| stored.position))
    }
}
