//! A lamp, and what happened to some: for tests.

use annals_core::{
    Catalog, Column, Commit, Context, Decided, Decider, Domain, Fingerprint, Listen, Notice, Order, Position,
    Projection, Reactor, Recorded, Shows, Sql, StreamId,
    log::{ANONYMOUS, Draft, EntryBody, Log, MemoryLog, SUBJECT},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json, value::to_raw_value};
use thiserror::Error;
use uuid::Uuid;

use crate::log::{
    LogReader,
    memory_index::{MemoryIndex, MemoryReader, entries},
};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Lamp {
    times_lit: u32,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    Light { watts: u32 },
    Douse {},
    Recycle {},
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
enum Event {
    LampLit { watts: u32 },
}

#[derive(Debug, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
enum Refusal {
    #[error("The lamp is dark.")]
    Dark {},
}

impl Decider for Lamp {
    const NAME: &'static str = "lamp";
    const REVISION: u32 = 1;
    const INTERNAL: &'static [&'static str] = &["recycle"];
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Light { watts } => Ok(vec![Event::LampLit { watts }]),
            Command::Douse {} | Command::Recycle {} => Err(Refusal::Dark {}),
        }
    }

    fn evolve(self, _: &Event) -> Self {
        Self { times_lit: self.times_lit + 1 }
    }
}

fn project(_: &Recorded<Event>) -> Vec<Sql> {
    Vec::new()
}

fn change_the_bulb(_: &Recorded<Event>) -> Option<Notice> {
    None
}

/// One category, one view, one reactor.
pub fn catalog() -> Catalog {
    const COLUMNS: &[Column] = &[Column::id("lamp_id"), Column::text("room"), Column::integer("watts")];
    let shows = Shows {
        table: "lamps",
        columns: COLUMNS,
        key: &["lamp_id", "room"],
        order: Order::Ascending(&["room"]),
        filters: &["lamp_id", "room"],
    };
    let view = Projection { view: "lamps", version: 1, tables: "", shows, reads: vec![Lamp::on(project)] };
    let caretaker = Reactor::new("caretaker", [Lamp::when("LampLit", change_the_bulb)]);
    Catalog::try_new([Domain::of::<Lamp>().shows(view).reacts(caretaker)]).unwrap()
}

/// The stream of a lamp.
pub fn stream(lamp: u128) -> StreamId {
    StreamId::new("lamp", Uuid::from_u128(lamp))
}

/// What all events of a lamp are related by.
pub fn correlation_id(lamp: u128) -> Uuid {
    Uuid::from_u128(lamp << 64)
}

/// The id of the nth command, from 1; each makes one commit.
pub fn command_id(n: u128) -> Uuid {
    Uuid::from_u128(n << 16)
}

/// The id of one of its events, from 0.
pub fn event_id(n: u128, place: u16) -> Uuid {
    annals_core::event_id(command_id(n), place)
}

/// The time of the entry at this position, in seconds.
pub fn at(position: u32) -> Timestamp {
    Timestamp::from_second(1_795_253_400 + i64::from(position)).unwrap()
}

/// A commit to come.
pub struct Happened {
    lamp: u128,
    kind: &'static str,
    times: usize,
}

impl Happened {
    /// A lamp is lit several times at once.
    pub fn to(lamp: u128, times: usize) -> Self {
        Self { lamp, kind: "LampLit", times }
    }

    /// Something that this release has never heard of.
    pub fn unreadable(lamp: u128) -> Self {
        Self { lamp, kind: "LampPainted", times: 1 }
    }
}

/// An empty log.
pub fn log() -> MemoryLog {
    MemoryLog::new(Uuid::from_u128(1))
}

/// A reader of a log to which this has happened: for each entry its commits.
pub async fn reader(story: &[&[Happened]]) -> MemoryReader {
    let log = log();
    for commits in story {
        record(&log, commits).await;
    }
    LogReader::new(log.clone(), MemoryIndex::new(log), "test".into(), 1)
}

/// Adds an entry to a log, a second after the one before.
pub async fn record(log: &MemoryLog, story: &[Happened]) -> Position {
    let (checkpoint, before) = entries(log, Position::MAX).await;
    let before: Vec<_> = before.iter().flat_map(|entry| &entry.commits).map(|it| &it.commit).collect();
    let time = at(u32::try_from(checkpoint.position).unwrap() + 1);
    let (mut body, mut commits) = (EntryBody::new(), Vec::<Commit>::new());
    for happened in story {
        let stream = stream(happened.lamp);
        let mut earlier = before.iter().copied().chain(&commits).rev();
        let version = earlier.find(|commit| commit.stream == stream).map_or(0, Commit::version);
        let id = command_id((before.len() + commits.len() + 1) as u128);
        let data = to_raw_value(&json!({ "watts": 40 })).unwrap();
        let decided = Decided { kind: happened.kind.into(), schema: 1, data };
        commits.push(Commit {
            id,
            stream,
            recorded_at: time,
            context: Context {
                correlation_id: correlation_id(happened.lamp),
                causation_id: id,
                actor: ANONYMOUS.into(),
                metadata: Map::new(),
                trace: None,
            },
            fingerprint: Fingerprint::of("light", &json!({})),
            events: Commit::number(id, version, 0, vec![decided; happened.times]),
        });
        body.push(&commits[commits.len() - 1..]).unwrap().expect("it fits");
    }
    let draft = Draft::new(Uuid::new_v4(), checkpoint.head, body);
    let messages = log.read(0, usize::MAX).await.unwrap();
    let last = messages.iter().rfind(|message| message.subject == SUBJECT);
    log.append(&draft, last.map_or(0, |message| message.position)).await.unwrap()
}
