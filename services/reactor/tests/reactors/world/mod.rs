//! A nats-server, a command service that stands in, and instances of the reactor service.

mod bell;
mod commands;
mod history;
mod instance;

use std::{collections::BTreeMap, time::Duration};

use annals_core::{
    Context, StoredCommit, StreamId,
    bus::{CommandRequest, Expected, ReactorReply, ReactorRequest, ReactorState},
    log::Log,
};
use annals_nats::{JetStreamLog, Nats};
use annals_testkit::{TestNats, eventually_within, raw};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

pub use bell::bell;
pub use commands::Commands;
use history::History;
pub use instance::Instance;

pub struct World {
    pub server: TestNats,
    pub nats: Nats,
    pub log: JetStreamLog,
    pub commands: Commands,
    history: Mutex<History>,
}

impl World {
    pub async fn new() -> Self {
        let server = annals_testkit::nats().await;
        let nats = Nats::connect(&server.url(), "test").await.unwrap();
        let log = nats.log(nats.prepare().await.unwrap());
        let commands = Commands::serve(&nats, log.clone(), bell::catalog()).await;
        let history = Mutex::new(History::new(log.clone()));
        Self { server, nats, log, commands, history }
    }

    /// An instance whose retries come a hundred times as soon as they are meant to.
    pub fn start(&self, only: &[&str]) -> Instance {
        Instance::start(&self.server.url(), only, Duration::from_millis(10))
    }

    /// Rings so many bells.
    pub async fn ring(&self, times: usize) {
        for _ in 0..times {
            self.send(bell(), "ring", json!({})).await;
        }
    }

    /// Rings the same bell once more, whatever happened to it before.
    pub async fn ring_again(&self, bell: &StreamId) {
        self.commands.append(bell, "BellRung", json!({})).await;
    }

    /// Asks for a notification by a channel.
    pub async fn notify(&self, channel: &str) -> StreamId {
        let stream = StreamId::new("notification", Uuid::new_v4());
        let about = json!({ "category": "bell", "id": Uuid::new_v4(), "event_id": Uuid::new_v4() });
        let data = json!({ "reactor": "teller", "channel": channel, "to": "ada@example.com", "subject": "A bell",
            "body": "It rang.", "about": about });
        self.send(stream.clone(), "request", data).await;
        stream
    }

    async fn send(&self, stream: StreamId, command: &str, data: Value) {
        let id = Uuid::new_v4();
        let context = Context {
            correlation_id: id,
            causation_id: id,
            actor: "test".into(),
            metadata: Map::new(),
            trace: None,
        };
        let (command, expected) = (command.into(), Expected::Any);
        let request = CommandRequest { id, stream, command, data, context, expected, first_sending: false };
        self.commands.decide(request).await.unwrap();
    }

    /// Everything that has happened, oldest first.
    pub async fn commits(&self) -> Vec<StoredCommit> {
        let mut history = self.history.lock().await;
        history.catch_up().await.unwrap();
        history.commits.clone()
    }

    /// How often each aggregate has had an event of this type.
    pub async fn count(&self, category: &str, kind: &str) -> BTreeMap<Uuid, usize> {
        let mut counts = BTreeMap::new();
        for stored in self.commits().await {
            if stored.commit.stream.category == category {
                let events = stored.commit.events.iter().filter(|event| event.kind == kind).count();
                *counts.entry(stored.commit.stream.id).or_default() += events;
            }
        }
        counts.retain(|_, &mut count| count > 0);
        counts
    }

    /// Waits until so many aggregates have had an event of this type, and sees that none had two.
    pub async fn each_once(&self, within_s: u64, category: &str, kind: &str, aggregates: usize) {
        let what = format!("{aggregates} times {kind}");
        let counts = eventually_within(Duration::from_secs(within_s), &what, async || {
            let counts = self.count(category, kind).await;
            (counts.len() >= aggregates).then_some(counts)
        })
        .await;
        assert_eq!(counts.len(), aggregates, "too many");
        assert!(counts.values().all(|&count| count == 1), "twice: {counts:?}");
    }

    /// Asks a reactor how far it is.
    pub async fn status(&self, reactor: &str, min_position: Option<u64>, wait_ms: u64) -> ReactorReply {
        self.nats.bus().reactor(reactor, &ReactorRequest { min_position, wait_ms }).await
    }

    pub async fn is_degraded(&self) -> bool {
        self.status("striker", None, 0).await.is_ok_and(|status| status.state == ReactorState::Degraded)
    }

    /// Waits until a reactor has nothing left to do.
    pub async fn idle(&self, reactor: &str) {
        eventually_within(Duration::from_secs(15), &format!("{reactor} is done"), async || {
            self.status(reactor, None, 0).await.is_ok_and(|status| status.lag_events == 0)
        })
        .await;
    }

    pub async fn end(&self) -> u64 {
        self.log.end().await.unwrap()
    }

    /// Publishes something that is no entry, and gives its position.
    pub async fn publish_garbage(&self, subject: &str) -> u64 {
        let answer = raw(&self.server.url(), subject, "not an entry").await;
        serde_json::from_str::<Value>(&answer).unwrap()["seq"].as_u64().unwrap()
    }

    /// Stores an event of a bell that the reactors cannot read, and gives its position.
    pub async fn unreadable(&self, bell: &StreamId) -> u64 {
        self.commands.append(bell, "BellRung", json!("a bell rang")).await.position
    }
}
