use std::sync::Arc;

use annals_core::{Context, Decider, Domain, StreamId};
use annals_nats::MemoryLog;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::*;

/// A jar of at most three sweets.
#[derive(Default, Serialize, Deserialize)]
struct Jar {
    sweets: u32,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    Put { sweets: u32 },
    Fill {},
    Empty {},
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
enum Event {
    SweetsPut { sweets: u32, total: u32 },
}

#[derive(Debug, Serialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
enum Refusal {
    #[error("The jar is full.")]
    Full { total: u32 },
}

impl Decider for Jar {
    const NAME: &'static str = "jar";
    const REVISION: u32 = 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let sweets = match command {
            Command::Put { sweets } => sweets,
            Command::Fill {} => return Ok(vec![Event::SweetsPut { sweets: 3 - self.sweets, total: 3 }]),
            Command::Empty {} => return Ok(vec![Event::SweetsPut { sweets: 0, total: 0 }]),
        };
        match self.sweets + sweets {
            total if total > 3 => Err(Refusal::Full { total: self.sweets }),
            _ if sweets == 0 => Ok(vec![]),
            total => Ok(vec![Event::SweetsPut { sweets, total }]),
        }
    }

    fn evolve(self, event: &Event) -> Self {
        let Event::SweetsPut { total, .. } = event;
        Self { sweets: *total }
    }
}

/// Two services on one log.
fn services() -> [Arc<Executor<MemoryLog>>; 2] {
    let log = MemoryLog::default();
    [0, 1].map(|_| {
        let catalog = Catalog::try_new([Domain::of::<Jar>()]).unwrap();
        Arc::new(Executor::new(log.clone(), catalog))
    })
}

fn put(id: u128, sweets: u32) -> CommandRequest {
    let id = Uuid::from_u128(id);
    let context = Context {
        correlation_id: id,
        causation_id: id,
        actor: "anonymous".into(),
        metadata: serde_json::Map::new(),
        trace: None,
    };
    CommandRequest {
        id,
        stream: StreamId::new("jar", Uuid::from_u128(1)),
        command: "put".into(),
        data: json!({ "sweets": sweets }),
        context,
        expected: Expected::Any,
        caused_at: None,
    }
}

#[tokio::test]
async fn events_are_stored_and_told() {
    let [service, _] = services();
    let accepted = service.execute(put(1, 2)).await.unwrap();

    assert_eq!((accepted.version, accepted.position), (1, 1));
    assert_eq!(accepted.events[0].r#type, "SweetsPut");
    assert_eq!(accepted.events[0].data.get(), r#"{"sweets":2,"total":2}"#);
}

#[tokio::test]
async fn a_repeat_is_answered_from_the_log_also_by_another_service() {
    let [one, two] = services();
    let first = one.execute(put(1, 2)).await.unwrap();
    one.execute(put(2, 1)).await.unwrap();

    for service in [&one, &two] {
        let repeat = service.execute(put(1, 2)).await.unwrap();
        assert!(repeat.replayed);
        assert_eq!((repeat.version, repeat.position), (first.version, first.position));
        assert_eq!(repeat.events[0].id, first.events[0].id);
    }
}

#[tokio::test]
async fn a_repeat_is_known_to_a_service_whose_state_is_older() {
    let [one, two] = services();
    one.execute(put(1, 1)).await.unwrap();
    two.execute(put(2, 1)).await.unwrap();

    let repeat = one.execute(put(2, 1)).await.unwrap(); // it has not seen the first one
    assert!(repeat.replayed);
    assert_eq!((repeat.version, repeat.position), (2, 2));
}

#[tokio::test]
async fn a_repeat_comes_before_preconditions_and_rules() {
    let [service, _] = services();
    let first = CommandRequest { expected: Expected::New, ..put(1, 3) };
    service.execute(first.clone()).await.unwrap();

    assert!(service.execute(first).await.unwrap().replayed);
}

#[tokio::test]
async fn the_same_id_for_something_else_is_refused() {
    let [one, two] = services();
    one.execute(put(1, 2)).await.unwrap();

    for service in [one, two] {
        assert_eq!(service.execute(put(1, 1)).await.unwrap_err(), Failure::IdempotencyKeyReused);
    }
}

#[tokio::test]
async fn what_stores_nothing_is_judged_by_the_latest_state() {
    let [one, two] = services();
    one.execute(put(1, 1)).await.unwrap();
    two.execute(put(2, 1)).await.unwrap(); // the first service does not know of this

    let none = one.execute(put(3, 0)).await.unwrap();
    assert_eq!((none.version, none.events.len()), (2, 0));

    two.execute(put(4, 1)).await.unwrap();
    let Err(Failure::Refused(refused)) = one.execute(put(5, 1)).await else { panic!("not refused") };
    assert_eq!((refused.reason.as_str(), &refused.data["total"]), ("full", &json!(3)));

    let stale = CommandRequest { expected: Expected::Version(2), ..put(6, 0) };
    assert_eq!(two.execute(stale).await.unwrap_err(), Failure::VersionMismatch { version: 3 });
}

#[tokio::test]
async fn a_stale_state_costs_a_retry_and_no_event() {
    let [one, two] = services();
    one.execute(put(1, 1)).await.unwrap();
    two.execute(put(2, 1)).await.unwrap();

    let third = one.execute(put(3, 1)).await.unwrap();
    assert_eq!((third.version, third.events[0].data.get()), (3, r#"{"sweets":1,"total":3}"#));
}

#[tokio::test]
async fn of_many_at_once_exactly_as_many_succeed_as_fit() {
    let services = services();
    let tasks = (0..40).map(|n| {
        let service = services[n % 2].clone();
        tokio::spawn(async move { service.execute(put(n as u128 + 1, 1)).await })
    });
    let mut versions = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(accepted) => versions.push(accepted.version),
            Err(failure) => assert!(matches!(failure, Failure::Refused(_)), "{failure:?}"),
        }
    }
    versions.sort_unstable();
    assert_eq!(versions, [1, 2, 3]);
}

#[tokio::test]
async fn a_reaction_is_recognised_however_long_ago_it_was() {
    let [service, other] = services();
    let reaction = CommandRequest { caused_at: Some(0), ..put(1, 1) };
    service.execute(reaction.clone()).await.unwrap();
    for n in 0..1100 {
        let turn = if n % 2 == 0 { "fill" } else { "empty" };
        service
            .execute(CommandRequest { command: turn.into(), data: json!({}), ..put(n + 2, 0) })
            .await
            .unwrap();
    }

    assert!(service.execute(reaction.clone()).await.unwrap().replayed);
    assert!(other.execute(reaction.clone()).await.unwrap().replayed);
    let from_http = CommandRequest { caused_at: None, ..reaction };
    assert!(!other.execute(from_http).await.unwrap().replayed, "the bound is 1,000 commands");
}

#[tokio::test]
async fn nonsense_is_named() {
    let [service, _] = services();
    let unknown = CommandRequest { command: "eat".into(), ..put(1, 1) };
    let wrong = CommandRequest { data: json!({ "sweets": "many" }), ..put(1, 1) };

    assert_eq!(service.execute(unknown).await.unwrap_err(), Failure::UnknownCommand);
    assert!(matches!(
        service.execute(wrong).await.unwrap_err(),
        Failure::InvalidPayload { errors } if errors[0].pointer == "/sweets"
    ));
}
