//! Reads events: the index says where they are, and the log has them.

use std::{fmt, sync::Arc, time::Duration};

use annals_core::{
    Address, EventRecord, EventView, Place, Position, StoredCommit,
    index::{IndexAnswer, IndexBody, IndexQuery, IndexReply, IndexRequest},
    log::{Entry, Hash, Head, Log, LogMessage, header},
};
use annals_nats::{Bus, Follower, SharedReader};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::cache::EntryCache;
use crate::problem::{Code, Problem};

/// How long the index may take to come to the log's end.
const INDEX_WAIT_MS: u64 = 2000;

/// Entries that one request fetches at once.
const MAX_FETCHES: usize = 16;

/// How long a request waits until fewer others read the log.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);

/// Knows where in the log events are.
pub trait Index: Clone + Send + Sync + fmt::Debug + 'static {
    /// Asks it.
    fn ask(&self, request: &IndexRequest) -> impl Future<Output = IndexReply> + Send;
}

impl Index for Bus {
    async fn ask(&self, request: &IndexRequest) -> IndexReply {
        self.index(request).await
    }
}

/// Reads the log for clients. Cheap to clone; clones share what they have read.
#[derive(Debug, Clone)]
pub struct LogReader<L: Log, I> {
    index: I,
    /// The tail of the log, read once for all clients that follow it.
    tail: SharedReader<L>,
    cache: Arc<EntryCache>,
    /// Each request that reads may take some MiB.
    turns: Arc<Semaphore>,
}

/// An event in its entry.
#[derive(Debug, Clone)]
pub struct Located {
    entry: Arc<Entry>,
    /// The index of its commit.
    commit: usize,
    place: Place,
}

impl<L: Log, I: Index> LogReader<L, I> {
    /// So many requests may read at once. `name` names the consumer of the log's tail.
    pub fn new(log: L, index: I, name: String, max_requests: usize) -> Self {
        let tail = SharedReader::new(log, name);
        Self {
            index,
            tail,
            cache: Arc::new(EntryCache::new()),
            turns: Arc::new(Semaphore::new(max_requests)),
        }
    }

    #[cfg(test)]
    pub fn index(&self) -> &I {
        &self.index
    }

    /// To be held while one request reads.
    pub async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout(TURN_TIMEOUT, self.turns.clone().acquire_owned()).await {
            Ok(turn) => Ok(turn.expect("the semaphore is never closed")),
            Err(_) => Err(Problem::new(Code::Unavailable, "Too many requests read the log right now.")),
        }
    }

    /// The position of the log's last message.
    pub async fn end(&self) -> Result<Position, Problem> {
        Ok(self.tail.log().end().await?)
    }

    /// Asks the index once it has come to a position, or after 2 s fails with `projection-behind`.
    pub async fn ask(&self, query: IndexQuery, min_position: Position) -> Result<IndexAnswer, Problem> {
        let request = IndexRequest { query, min_position: Some(min_position), wait_ms: INDEX_WAIT_MS };
        Ok(self.index.ask(&request).await?)
    }

    /// The events at these addresses of the index, in this order. Several entries are fetched at once.
    pub fn events(
        &self,
        addresses: &[u64],
    ) -> impl Stream<Item = Result<Located, Problem>> + Send + use<L, I> {
        let addresses = addresses.iter().map(|address| Address::from_order(*address)).collect::<Vec<_>>();
        let entries: Vec<_> = addresses
            .chunk_by(|one, next| one.position() == next.position())
            .map(<[Address]>::to_vec)
            .collect();
        let reader = self.clone();
        stream::iter(entries)
            .map(move |addresses| {
                let reader = reader.clone();
                async move { reader.locate(&addresses).await }
            })
            .buffered(MAX_FETCHES)
            .map_ok(|located| stream::iter(located.into_iter().map(Ok)))
            .try_flatten()
    }

    /// Follows the log from a head on, together with all others that do.
    pub fn follow(&self, head: Head) -> Follower<L> {
        self.tail.follow(head)
    }

    /// Events of one entry.
    async fn locate(&self, addresses: &[Address]) -> Result<Vec<Located>, Problem> {
        let Some(first) = addresses.first() else { return Ok(Vec::new()) };
        let entry = self.entry(first.position()).await?;
        let find = |address: &Address| {
            let located = address.place().and_then(|place| Located::find(&entry, place));
            located.ok_or_else(|| damaged(address.position(), &format!("has no event at {address}")))
        };
        addresses.iter().map(find).collect()
    }

    async fn entry(&self, position: Position) -> Result<Arc<Entry>, Problem> {
        if let Some(entry) = self.cache.get(position) {
            return Ok(entry);
        }
        let message = self.tail.log().get(position).await?;
        let message = message.filter(|message| message.position == position);
        let message = message.ok_or_else(|| damaged(position, "is missing"))?;
        let entry = Arc::new(decode(&message)?);
        self.cache.put(entry.clone());
        Ok(entry)
    }
}

/// That it belongs to the log, the index has found out; that it is still as it was, its hash says.
fn decode(message: &LogMessage) -> Result<Entry, Problem> {
    let hash_in = |header: Option<&str>| header?.rsplit(' ').next()?.parse::<Hash>().ok();
    let previous = hash_in(message.header(header::PREVIOUS));
    let hash = hash_in(message.header(header::HASH));
    let hash = hash.filter(|hash| previous.is_some_and(|previous| previous.after(&message.body) == *hash));
    let hash = hash.ok_or_else(|| damaged(message.position, "does not have the hash that it names"))?;
    Ok(Entry::decode(message.position, hash, &message.body)?)
}

fn damaged(position: Position, what: &str) -> Problem {
    let detail = format!("The log is not as it was indexed: the entry at position {position} {what}.");
    Problem::new(Code::EventQuarantined, detail)
}

/// An answer of the index to another question.
pub fn unexpected(body: &IndexBody) -> Problem {
    Problem::new(Code::InternalError, format!("The index gave another kind of answer: {body:?}."))
}

impl Located {
    /// The event at a place of an entry, if there is one.
    pub fn find(entry: &Arc<Entry>, place: Place) -> Option<Self> {
        let commit = entry.commits.partition_point(|stored| stored.place <= place).checked_sub(1)?;
        let located = Self { entry: entry.clone(), commit, place };
        located.stored().commit.events.get(located.number()).is_some().then_some(located)
    }

    /// All events of an entry.
    pub fn all(entry: &Arc<Entry>) -> impl Iterator<Item = Self> {
        entry.commits.iter().enumerate().flat_map(move |(commit, stored)| {
            stored.events().map(move |(place, _)| Self { entry: entry.clone(), commit, place })
        })
    }

    /// The commit that it belongs to.
    pub fn stored(&self) -> &StoredCommit {
        &self.entry.commits[self.commit]
    }

    /// The event itself.
    pub fn record(&self) -> &EventRecord {
        &self.stored().commit.events[self.number()]
    }

    /// As clients see it.
    pub fn view(&self) -> EventView {
        EventView::new(self.place, self.record(), self.stored())
    }

    /// Where it stands.
    pub fn address(&self) -> Address {
        Address::new(self.entry.position, self.place)
    }

    /// What to go on after: if it is the last event of its entry, after all of that.
    pub fn resume_after(&self) -> Address {
        let is_last = self.commit + 1 == self.entry.commits.len()
            && self.number() + 1 == self.stored().commit.events.len();
        if is_last { Address::whole(self.entry.position) } else { self.address() }
    }

    /// Its index in its commit.
    fn number(&self) -> usize {
        (self.place - self.stored().place) as usize
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
