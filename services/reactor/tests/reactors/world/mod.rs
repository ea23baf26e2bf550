//! A nats-server, a command service that stands in, and instances of the reactor service.

mod bell;
mod commands;
mod instance;

use std::{collections::BTreeMap, time::Duration};

use annals_core::{
    Context, StreamId,
    bus::{CommandRequest, Expected},
};
use annals_nats::{Log, Nats, Scope};
use annals_testkit::{TestNats, eventually_within, raw};
use serde_json::{Map, Value, json};
use uuid::Uuid;

pub use commands::Commands;
pub use instance::Instance;

pub struct World {
    pub server: TestNats,
    pub nats: Nats,
    pub commands: Commands,
}

impl World {
    pub async fn new() -> Self {
        let server = annals_testkit::nats().await;
        let nats = Nats::connect(&server.url(), "test").await.unwrap();
        nats.prepare().await.unwrap();
        let commands = Commands::serve(&nats, bell::catalog()).await;
        Self { server, nats, commands }
    }

    /// An instance whose pauses are a hundred times as short as they are meant to be.
    pub fn start(&self, only: &[&str]) -> Instance {
        Instance::start(&self.server.url(), only, Duration::from_millis(10))
    }

    /// Rings so many bells.
    pub async fn ring(&self, times: usize) {
        for _ in 0..times {
            self.give(bell::bell(), "ring", json!({})).await;
        }
    }

    /// Asks for a notification by a channel.
    pub async fn notify(&self, channel: &str) -> StreamId {
        let stream = StreamId::new("notification", Uuid::new_v4());
        let about = json!({ "category": "bell", "id": Uuid::new_v4(), "event_id": Uuid::new_v4() });
        let data = json!({ "reactor": "teller", "channel": channel, "to": "ada@example.com", "subject": "A bell",
            "body": "It rang.", "about": about });
        self.give(stream.clone(), "request", data).await;
        stream
    }

    async fn give(&self, stream: StreamId, command: &str, data: Value) {
        let id = Uuid::new_v4();
        let context = Context {
            correlation_id: id,
            causation_id: id,
            actor: "test".into(),
            metadata: Map::new(),
            trace: None,
        };
        let command = command.into();
        let request =
            CommandRequest { id, stream, command, data, context, expected: Expected::Any, caused_at: None };
        self.commands.decide(request).await.unwrap();
    }

    /// How often each aggregate has had an event of this type.
    pub async fn count(&self, category: &str, kind: &str) -> BTreeMap<Uuid, usize> {
        let page = self.nats.log().read(&Scope::Category(category.into()), 0, 10_000).await.unwrap();
        let mut counts = BTreeMap::new();
        for stored in page.commits {
            let events = stored.commit.events.iter().filter(|event| event.kind == kind).count();
            *counts.entry(stored.commit.stream.id).or_default() += events;
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

    /// Waits until a reactor has nothing left to do.
    pub async fn idle(&self, reactor: &str) {
        let durable = format!("reactor-{reactor}");
        eventually_within(Duration::from_secs(15), &format!("{reactor} is done"), async || {
            self.nats.outstanding(&durable).await.is_ok_and(|outstanding| outstanding == 0)
        })
        .await;
    }

    /// What an operator's slip does.
    pub async fn delete_consumer(&self, reactor: &str) {
        let subject = format!("$JS.API.CONSUMER.DELETE.EVENTS.reactor-{reactor}");
        let answer = raw(&self.server.url(), &subject, "").await;
        assert!(answer.contains("\"success\":true"), "{answer}");
    }

    /// Puts something on the log that is no commit, and says where it stands.
    pub async fn poison(&self) -> u64 {
        let answer =
            raw(&self.server.url(), &format!("events.bell.{}", Uuid::new_v4()), "not a commit").await;
        serde_json::from_str::<Value>(&answer).unwrap()["seq"].as_u64().unwrap()
    }
}
