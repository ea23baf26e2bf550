//! A lamp, and what happened to some: for tests.

use annals_core::{
    Catalog, Column, Commit, Context, Decided, Decider, Domain, Fingerprint, Listen, Notice, Order,
    Projection, Reactor, Recorded, Shows, Sql, StreamId,
};
use annals_nats::{Appended, Log, MemoryLog, Scope};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json, value::to_raw_value};
use thiserror::Error;
use uuid::Uuid;

#[derive(Debug, Default, Serialize, Deserialize)]
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

/// The time of the commit at this position, in seconds.
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

/// Adds to a log, a commit a second.
pub async fn record(log: &MemoryLog, story: &[Happened]) {
    let end = log.last(&Scope::All).await.unwrap();
    for (position, happened) in (u32::try_from(end).unwrap() + 1..).zip(story) {
        let before = log.read_latest(&stream(happened.lamp), 0).await.unwrap();
        let id = Uuid::from_u128(position.into());
        let data = to_raw_value(&json!({ "watts": 40 })).unwrap();
        let decided = Decided { kind: happened.kind.into(), schema: 1, data };
        let version = before.last().map_or(0, |stored| stored.commit.version());
        let commit = Commit {
            id,
            stream: stream(happened.lamp),
            recorded_at: at(position),
            context: Context {
                correlation_id: correlation_id(happened.lamp),
                causation_id: id,
                actor: "anonymous".into(),
                metadata: Map::new(),
                trace: None,
            },
            fingerprint: Fingerprint::of("light", &json!({})),
            previous_hash: None,
            events: Commit::place(id, version, vec![decided; happened.times]),
        };
        let expected = before.last().map_or(0, |stored| stored.position);
        assert!(matches!(log.append(&commit, expected).await.unwrap(), Appended::Stored(_)));
    }
}
