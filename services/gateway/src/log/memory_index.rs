//! An index that looks at all of a log in memory: for tests.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use annals_core::{
    Position, StreamId,
    bus::Failure,
    index::{IndexAnswer, IndexBody, IndexQuery, IndexReply, IndexRequest},
    log::{Chain, Checkpoint, Entry, Head, Log, Membership, MemoryLog},
};

use super::{
    LogReader,
    filter::passes,
    reader::{Index, Located},
};

/// A reader of a log in memory.
pub type MemoryReader = LogReader<MemoryLog, MemoryIndex>;

/// The index.
#[derive(Debug, Clone)]
pub struct MemoryIndex {
    log: MemoryLog,
    /// It has come no further than this.
    last: Arc<AtomicU64>,
    away: Arc<AtomicBool>,
}

impl MemoryIndex {
    /// Of all that the log has, and will have.
    pub fn new(log: MemoryLog) -> Self {
        Self { log, last: Arc::new(AtomicU64::new(Position::MAX)), away: Arc::default() }
    }

    /// It falls behind.
    pub fn stop_at(&self, position: Position) {
        self.last.store(position, Ordering::Relaxed);
    }

    /// It cannot be reached, or it can again.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    async fn read(&self) -> (Checkpoint, Vec<Located>) {
        let (checkpoint, entries) = entries(&self.log, self.last.load(Ordering::Relaxed)).await;
        let events = entries.iter().flat_map(|entry| Located::all(entry).collect::<Vec<_>>());
        (checkpoint, events.collect())
    }
}

/// The entries of a log up to a position.
pub async fn entries(log: &MemoryLog, last: Position) -> (Checkpoint, Vec<Arc<Entry>>) {
    let (mut chain, mut entries) = (Chain::new(Head::start(log.id())), Vec::new());
    for message in log.read(0, usize::MAX).await.unwrap() {
        if message.position > last {
            break;
        }
        if let Membership::Entry(head) = chain.take(&message) {
            entries.push(Arc::new(Entry::decode(head.position, head.hash, &message.body).unwrap()));
        }
    }
    (chain.checkpoint(), entries)
}

impl Index for MemoryIndex {
    async fn ask(&self, request: &IndexRequest) -> IndexReply {
        if self.away.load(Ordering::Relaxed) {
            return Err(Failure::Unavailable { detail: "it is away".into() });
        }
        let (checkpoint, events) = self.read().await;
        let (position, wanted) = (checkpoint.position, request.min_position);
        if wanted.is_some_and(|wanted| wanted > position) {
            return Err(Failure::ProjectionBehind { position, wanted });
        }
        Ok(IndexAnswer { checkpoint, body: answer(&request.query, &events) })
    }
}

fn answer(query: &IndexQuery, events: &[Located]) -> IndexBody {
    let part = |found: &[&Located], limit: u32| {
        let limit = limit as usize;
        let addresses: Vec<_> = found.iter().take(limit).map(|event| event.address().order()).collect();
        (addresses, found.len() > limit)
    };
    let of = |stream: &StreamId| {
        events.iter().filter(|event| event.stored().commit.stream == *stream).collect::<Vec<_>>()
    };
    match query {
        IndexQuery::Events { filter, after, until, limit } => {
            let wanted = |event: &&Located| {
                event.address().order() > *after
                    && until.is_none_or(|until| event.address().position() <= until)
                    && passes(filter, event.stored(), event.record())
            };
            let (addresses, more) = part(&events.iter().filter(wanted).collect::<Vec<_>>(), *limit);
            IndexBody::Addresses { addresses, more }
        }
        IndexQuery::Event { id } => match events.iter().find(|event| event.record().id == *id) {
            Some(event) => IndexBody::Addresses { addresses: vec![event.address().order()], more: false },
            None => IndexBody::NotFound,
        },
        IndexQuery::Stream { stream, after, since, limit } => {
            let Some(last) = of(stream).pop() else { return IndexBody::NotFound };
            let wanted = |event: &&Located| {
                event.record().version > *after
                    && since.is_none_or(|since| event.stored().commit.recorded_at > since)
            };
            let (addresses, more) = part(&of(stream).into_iter().filter(wanted).collect::<Vec<_>>(), *limit);
            IndexBody::Stream { version: last.record().version, addresses, more }
        }
        IndexQuery::VersionAt { stream, at } => {
            match of(stream).into_iter().take_while(|event| event.stored().commit.recorded_at <= *at).last() {
                Some(event) => IndexBody::Version { version: event.record().version },
                None => IndexBody::NotFound,
            }
        }
        IndexQuery::Streams { .. } | IndexQuery::Status => IndexBody::NotFound,
    }
}
