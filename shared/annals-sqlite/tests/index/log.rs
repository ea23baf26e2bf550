//! A log that is made up, and what is known of its events.

use std::{collections::HashMap, sync::Arc};

use annals_core::{
    Commit, Context, Decided, Fingerprint, Position, StoredCommit, StreamId, Version, address,
    log::{Checkpoint, Entry, Hash, Head},
};
use annals_sqlite::{Address, Directory, EventsIndex};
use jiff::Timestamp;
use serde_json::{Map, json, value::to_raw_value};
use tempfile::TempDir;
use uuid::Uuid;

pub const LOG: Uuid = Uuid::from_u128(0x106);

/// A log that grows, and what is known of its events.
#[derive(Default)]
pub struct Log {
    pub entries: Vec<Arc<Entry>>,
    pub versions: HashMap<StreamId, Version>,
    pub events: Vec<Known>,
}

#[derive(Debug, Clone)]
pub struct Known {
    pub address: Address,
    pub id: Uuid,
    pub command: Uuid,
    pub stream: StreamId,
    pub version: Version,
    pub kind: String,
    pub recorded_at: Timestamp,
    pub correlation_id: Uuid,
    pub causation_id: Uuid,
}

/// What a command does: to which streams, how many events each.
pub struct Given {
    pub command: Uuid,
    pub commits: Vec<(StreamId, usize)>,
    pub correlation_id: Uuid,
    pub causation_id: Uuid,
}

pub fn stream(category: &str, id: u128) -> StreamId {
    StreamId::new(category, Uuid::from_u128(id))
}

pub fn command(number: u128) -> Uuid {
    Uuid::from_u128(number << 16)
}

pub fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A command on one account that nothing has caused.
pub fn given(number: u128, account: u128, events: usize) -> Given {
    let command = command(number);
    let commits = vec![(stream("account", account), events)];
    Given { command, commits, correlation_id: command, causation_id: command }
}

impl Log {
    /// One entry, recorded in the second of its position.
    pub fn write(&mut self, commands: &[Given]) {
        let position = self.entries.len() as Position + 1;
        let mut commits = Vec::new();
        let mut place = 0;
        for given in commands {
            let mut before = 0;
            for (stream, count) in &given.commits {
                let stored = self.commit(given, stream, *count, (position, place), before);
                place += u32::try_from(*count).unwrap();
                before += u16::try_from(*count).unwrap();
                commits.push(stored);
            }
        }
        let hash = Hash::from_bytes([u8::try_from(position % 251).unwrap(); 32]);
        self.entries.push(Arc::new(Entry { position, hash, commits, bytes: 0 }));
    }

    pub fn commit(
        &mut self,
        given: &Given,
        stream: &StreamId,
        count: usize,
        (position, place): (Position, u32),
        before: u16,
    ) -> StoredCommit {
        let after = *self.versions.get(stream).unwrap_or(&0);
        let decided = (0..count).map(|number| Decided {
            kind: format!("Type{}", (after + number as u64) % 3),
            schema: 1,
            data: to_raw_value(&json!({})).unwrap(),
        });
        let commit = Commit {
            id: given.command,
            stream: stream.clone(),
            recorded_at: second(position.cast_signed()),
            context: Context {
                correlation_id: given.correlation_id,
                causation_id: given.causation_id,
                actor: "anonymous".into(),
                metadata: Map::new(),
                trace: None,
            },
            fingerprint: Fingerprint::of("test", &json!({})),
            events: Commit::number(given.command, after, before, decided.collect()),
        };
        self.versions.insert(stream.clone(), after + count as u64);
        let stored = StoredCommit { position, place, commit };
        self.events.extend(stored.events().map(|(place, event)| Known {
            address: address(position, place),
            id: event.id,
            command: given.command,
            stream: stream.clone(),
            version: event.version,
            kind: event.kind.clone(),
            recorded_at: stored.commit.recorded_at,
            correlation_id: given.correlation_id,
            causation_id: given.causation_id,
        }));
        stored
    }

    pub fn checkpoint(&self) -> Checkpoint {
        let head = self.entries.last().map(|entry| Head { position: entry.position, hash: entry.hash });
        let head = head.unwrap_or(Head::start(LOG));
        Checkpoint { position: head.position, head }
    }

    pub fn of(&self, stream: &StreamId) -> Vec<&Known> {
        self.events.iter().filter(|event| event.stream == *stream).collect()
    }

    pub fn addresses(&self, passes: impl Fn(&Known) -> bool) -> Vec<Address> {
        self.events.iter().filter(|event| passes(event)).map(|event| event.address).collect()
    }
}

/// A log of 400 entries: 9 accounts and 5 transfers, commands on both, chains of causes.
pub fn varied() -> Log {
    let mut log = Log::default();
    let mut random = 7_u64;
    let mut draw = |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    for number in 1..=400 {
        let mut commands = Vec::new();
        for part in 0..draw(5) {
            let id = command(u128::from(number * 10 + part));
            let mut commits =
                vec![(stream("account", draw(9).into()), 1 + usize::try_from(draw(3)).unwrap())];
            if draw(4) == 0 {
                commits.push((stream("transfer", draw(5).into()), 2));
            }
            let cause = (draw(3) == 0).then(|| log.events.last().cloned()).flatten();
            let (correlation_id, causation_id) =
                cause.map_or((id, id), |cause| (cause.correlation_id, cause.id));
            commands.push(Given { command: id, commits, correlation_id, causation_id });
        }
        log.write(&commands);
    }
    log
}

pub struct House {
    pub directory: Directory,
    pub root: TempDir,
}

impl House {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        Self { directory: Directory::open(root.path().join("views")).unwrap(), root }
    }

    pub async fn open(&self) -> EventsIndex {
        EventsIndex::open(&self.directory, LOG).await.unwrap()
    }

    pub async fn holding(&self, log: &Log) -> EventsIndex {
        let index = self.open().await;
        for entries in log.entries.chunks(64) {
            index.apply(entries.into(), log.checkpoint()).await.unwrap();
        }
        index
    }
}
