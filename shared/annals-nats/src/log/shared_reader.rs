//! One reader per process: what it reads is checked, parsed once, and handed to all followers at the tail.
//! A follower that is behind reads for itself until it has caught up.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use annals_core::{
    Position,
    log::{Checkpoint, EntryReader, Head, Log, Read, ReadError, Tail},
};
use tokio::{runtime::Handle, sync::watch, task::AbortHandle};
use tracing::debug;

use super::{
    foreign::Reported,
    ring::{Next, Ring},
};

/// The reader of this process. Cheap to clone; clones share it. It ends with the last of them.
#[derive(Debug, Clone)]
pub struct SharedReader<L: Log>(Arc<Shared<L>>);

#[derive(Debug)]
struct Shared<L> {
    log: L,
    /// Names the consumer, so that people see which process is where.
    name: String,
    ring: Arc<Mutex<Ring>>,
    /// Counts what was put into the ring, or that it has ended.
    changes: Arc<watch::Sender<u64>>,
    reported: Arc<Mutex<Reported>>,
    /// Numbers the consumers of those who read for themselves.
    readers: AtomicU64,
    task: Mutex<Option<AbortHandle>>,
}

/// Reads the log from a head on, in order.
#[derive(Debug)]
pub struct Follower<L: Log> {
    shared: SharedReader<L>,
    checkpoint: Checkpoint,
    changes: watch::Receiver<u64>,
    /// While it is behind.
    own: Option<Own<L::Tail>>,
    /// The run of the shared reader that it has joined; 0 for none.
    run: u64,
}

/// The reader of a follower that is behind. Its consumer goes with it.
#[derive(Debug)]
struct Own<T: Tail + 'static>(Option<EntryReader<T>>);

/// A follower that is so few messages from the end begins the shared reader, if it is not running.
const NEAR: Position = 256;

/// Bytes that the shared reader takes at once.
const READ_BYTES: usize = 1024 * 1024;

impl<L: Log> SharedReader<L> {
    /// A reader of `log`; `name` names its consumer.
    #[must_use]
    pub fn new(log: L, name: impl Into<String>) -> Self {
        Self(Arc::new(Shared {
            log,
            name: name.into(),
            ring: Arc::default(),
            changes: Arc::new(watch::Sender::new(0)),
            reported: Arc::default(),
            readers: AtomicU64::new(0),
            task: Mutex::default(),
        }))
    }

    /// The log that it reads.
    #[must_use]
    pub fn log(&self) -> &L {
        &self.0.log
    }

    /// Follows the log from a head on: one's own, or one from reading since the log's beginning.
    #[must_use]
    pub fn follow(&self, head: Head) -> Follower<L> {
        let checkpoint = Checkpoint { position: head.position, head };
        Follower { shared: self.clone(), checkpoint, changes: self.0.changes.subscribe(), own: None, run: 0 }
    }

    /// Begins to read for all, after a head at the log's end. The number of the run.
    fn start(&self, head: Head) -> u64 {
        let shared = &*self.0;
        let mut ring = lock(&shared.ring);
        if ring.running {
            return ring.runs;
        }
        let runs = ring.begin(head.position);
        drop(ring);
        let (log, name) = (shared.log.clone(), shared.name.clone());
        let (ring, changes) = (shared.ring.clone(), shared.changes.clone());
        let reported = shared.reported.clone();
        let task = tokio::spawn(async move {
            let run = Run { ring: ring.clone(), changes: changes.clone() };
            let error = read_on(&log, &name, head, &ring, &changes, &reported).await;
            debug!(reader = name, "the shared reader ends: {error}");
            lock(&ring).end_with(error);
            drop(run);
        });
        if let Some(before) = lock(&shared.task).replace(task.abort_handle()) {
            before.abort(); // it has ended
        }
        runs
    }
}

/// A run of the shared reader. However it ends, followers do not wait for it any more.
struct Run {
    ring: Arc<Mutex<Ring>>,
    changes: Arc<watch::Sender<u64>>,
}

impl Drop for Run {
    fn drop(&mut self) {
        lock(&self.ring).running = false;
        self.changes.send_modify(|changes| *changes += 1);
    }
}

async fn read_on<L: Log>(
    log: &L,
    name: &str,
    head: Head,
    ring: &Mutex<Ring>,
    changes: &watch::Sender<u64>,
    reported: &Mutex<Reported>,
) -> ReadError {
    let mut reader = match log.tail(name, head.position).await {
        Ok(tail) => EntryReader::new(tail, head),
        Err(error) => return error.into(),
    };
    loop {
        match reader.next(READ_BYTES, |foreign| lock(reported).report(foreign)).await {
            Ok(reads) => {
                lock(ring).push(reads);
                changes.send_modify(|changes| *changes += 1);
                reader.acknowledge().await;
            }
            Err(error) => return error,
        }
    }
}

impl<L: Log> Follower<L> {
    /// How far it has read.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// Waits for what comes next, and gives what is there: no more once it reaches `bytes`. Nothing is lost when it
    /// is given up while it waits.
    ///
    /// # Errors
    /// When it cannot go on: make another one from the last checkpoint, after a pause.
    pub async fn next(&mut self, bytes: usize) -> Result<Vec<Read>, ReadError> {
        loop {
            if let Some(reads) = self.next_shared(bytes).await? {
                return Ok(reads);
            }
            let Some(reads) = self.read_own(bytes).await? else { continue };
            if let Some(last) = reads.last() {
                self.checkpoint = last.checkpoint;
                return Ok(reads);
            }
        }
    }

    /// As [`next`](Self::next), for one that has another way to catch up. None: what comes next is not, or no longer,
    /// in memory.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub async fn next_or_behind(&mut self, bytes: usize) -> Result<Option<Vec<Read>>, ReadError> {
        loop {
            if let Some(reads) = self.next_shared(bytes).await? {
                return Ok(Some(reads));
            }
            if !self.start_if_near().await? {
                return Ok(None);
            }
        }
    }

    /// What the shared reader has next. None: nothing, and it will not have it.
    async fn next_shared(&mut self, bytes: usize) -> Result<Option<Vec<Read>>, ReadError> {
        loop {
            self.changes.mark_unchanged();
            let next = {
                let ring = lock(&self.shared.0.ring);
                let next = ring.after(self.checkpoint.position, bytes, self.run == ring.runs);
                if let Next::Some(_) | Next::Nothing = next {
                    self.run = ring.runs;
                }
                next
            };
            match next {
                Next::Some(reads) => {
                    self.own = None;
                    self.checkpoint = reads.last().map_or(self.checkpoint, |last| last.checkpoint);
                    return Ok(Some(reads));
                }
                Next::Nothing => {
                    self.own = None;
                    self.changes.changed().await.expect("the shared reader is held by self");
                }
                Next::Error(error) => {
                    self.run = 0;
                    return Err(error);
                }
                Next::Behind => return Ok(None),
            }
        }
    }

    /// Begins the shared reader, if it is not running and this follower is near the log's end. False: it is not.
    async fn start_if_near(&mut self) -> Result<bool, ReadError> {
        let shared = self.shared.0.clone();
        let running = lock(&shared.ring).running;
        let near = !running && shared.log.end().await?.saturating_sub(self.checkpoint.position) <= NEAR;
        if near {
            self.own = None;
            self.run = self.shared.start(self.checkpoint.head);
        }
        Ok(near)
    }

    /// Reads for itself. None: the shared reader goes on from here.
    async fn read_own(&mut self, bytes: usize) -> Result<Option<Vec<Read>>, ReadError> {
        if self.start_if_near().await? {
            return Ok(None);
        }
        let shared = self.shared.0.clone();
        let own = match &mut self.own {
            Some(own) => own,
            none => {
                let number = shared.readers.fetch_add(1, Ordering::Relaxed);
                let name = format!("{}-{number}", shared.name);
                let head = self.checkpoint.head;
                let tail = shared.log.tail(&name, head.position).await?;
                none.insert(Own(Some(EntryReader::new(tail, head))))
            }
        };
        let own = own.0.as_mut().expect("it is taken when it is dropped");
        let reads = own.next(bytes, |foreign| lock(&shared.reported).report(foreign)).await?;
        own.acknowledge().await;
        let new = reads.into_iter().filter(|read| read.checkpoint.position > self.checkpoint.position);
        Ok(Some(new.collect()))
    }
}

impl<T: Tail + 'static> Drop for Own<T> {
    fn drop(&mut self) {
        if let (Some(reader), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(reader.close());
        }
    }
}

impl<L> Drop for Shared<L> {
    fn drop(&mut self) {
        if let Some(task) = lock(&self.task).take() {
            task.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
