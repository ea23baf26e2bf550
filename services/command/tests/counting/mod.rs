//! A log that counts what is asked of it, and lets a pass over all of it wait.
#![allow(dead_code)] // each test uses its part

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use annals_core::{Commit, CommitError, Position, StoredCommit, StreamId};
use annals_nats::{Appended, Log, LogError, Page, Scope};
use tokio::{sync::Semaphore, task::yield_now};

/// Counts over another log. Clones count together.
#[derive(Clone)]
pub struct Counting<L> {
    log: L,
    counts: Arc<Counts>,
}

struct Counts {
    appends: AtomicUsize,
    reads: AtomicUsize,
    commits: AtomicUsize,
    end: AtomicU64,
    broken: AtomicU64,
    silent: AtomicUsize,
    /// Pages of the whole log that may be read.
    pages: Semaphore,
}

impl<L> Counting<L> {
    pub fn over(log: L) -> Self {
        let counts = Counts {
            appends: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            commits: AtomicUsize::new(0),
            end: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            silent: AtomicUsize::new(0),
            pages: Semaphore::new(Semaphore::MAX_PERMITS),
        };
        Self { log, counts: Arc::new(counts) }
    }

    /// Lets a pass over the log read so many pages, and then wait.
    pub fn hold_after(self, pages: usize) -> Self {
        self.counts.pages.forget_permits(Semaphore::MAX_PERMITS - pages);
        self
    }

    pub fn go_on(&self) {
        self.counts.pages.add_permits(1000);
    }

    /// Says that the log ends there.
    pub fn pretend_end(&self, end: Position) {
        self.counts.end.store(end, Ordering::Relaxed);
    }

    /// Says that there is no commit at a position, to whoever reads all of it.
    pub fn pretend_broken(&self, position: Position) {
        self.counts.broken.store(position, Ordering::Relaxed);
    }

    /// Does not answer the next so many times, to whoever reads all of it.
    pub fn pretend_silent(&self, times: usize) {
        self.counts.silent.store(times, Ordering::Relaxed);
    }

    /// Whether it does not answer.
    fn is_silent(&self) -> bool {
        let once_less = |times: usize| times.checked_sub(1);
        self.counts.silent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, once_less).is_ok()
    }

    /// Tries to append, since it was asked last.
    pub fn appends(&self) -> usize {
        self.counts.appends.swap(0, Ordering::Relaxed)
    }

    /// Questions for commits of one stream, since it was asked last.
    pub fn reads(&self) -> usize {
        self.counts.reads.swap(0, Ordering::Relaxed)
    }

    /// Commits that came for an answer, since it was asked last.
    pub fn commits(&self) -> usize {
        self.counts.commits.swap(0, Ordering::Relaxed)
    }

    fn read(&self, commits: &[StoredCommit]) {
        self.counts.commits.fetch_add(commits.len(), Ordering::Relaxed);
    }
}

impl<L: Log> Log for Counting<L> {
    async fn append(&self, commit: &Commit, expected: Position) -> Result<Appended, LogError> {
        self.counts.appends.fetch_add(1, Ordering::Relaxed);
        yield_now().await; // a log in memory would never have anybody wait
        self.log.append(commit, expected).await
    }

    async fn read(&self, scope: &Scope, after: Position, limit: usize) -> Result<Page, LogError> {
        if *scope == Scope::All {
            self.counts.pages.acquire().await.expect("nobody closes it").forget();
            if self.is_silent() {
                return Err(LogError::Unavailable("pretended".into()));
            }
        } else {
            self.counts.reads.fetch_add(1, Ordering::Relaxed);
        }
        let mut page = self.log.read(scope, after, limit).await?;
        let broken = self.counts.broken.load(Ordering::Relaxed);
        if *scope == Scope::All && after < broken {
            page.commits.retain(|stored| stored.position < broken);
            if page.commits.is_empty() {
                return Err(CommitError::Malformed { position: broken, reason: "poison".into() }.into());
            }
            page = Page { commits: page.commits, reached: broken - 1, more: true };
        }
        self.read(&page.commits);
        Ok(page)
    }

    async fn read_latest(&self, stream: &StreamId, after: Position) -> Result<Vec<StoredCommit>, LogError> {
        let commits = self.log.read_latest(stream, after).await?;
        self.read(&commits);
        Ok(commits)
    }

    async fn last(&self, scope: &Scope) -> Result<Position, LogError> {
        match self.counts.end.load(Ordering::Relaxed) {
            0 => self.log.last(scope).await,
            end => Ok(end),
        }
    }
}
