//! A command of the queue is not lost, and nothing is said of it that is not so, whatever is wrong.

use std::time::Duration;

use annals_core::{
    Catalog, Decider, Domain, Stage, StreamId,
    bus::{CommandRequest, Failure},
};
use annals_nats::Put;
use annals_testkit::{eventually, eventually_within, raw};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    bank::{command, deposit, open, withdraw},
    service::{QUICK, Running, assert_once, deliveries, log, outcome, put, world, writer},
};

/// Its rules have a defect.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Trap;

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Command {
    Tread {},
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
enum Event {
    Trodden {},
}

#[derive(Debug, Serialize, JsonSchema, thiserror::Error)]
enum Refusal {}

impl Decider for Trap {
    const NAME: &'static str = "trap";
    const REVISION: u32 = 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, _: Command) -> Result<Vec<Event>, Refusal> {
        panic!("a defect")
    }

    fn evolve(self, _: &Event) -> Self {
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_in_the_rules_has_failed_in_the_end() {
    let (server, nats) = world().await;
    let service = Running::with(&server, Catalog::try_new([Domain::of::<Trap>()]).unwrap(), QUICK);
    let tread = CommandRequest {
        stream: StreamId::new("trap", Uuid::new_v4()),
        ..command(Uuid::new_v4(), "tread", json!({}))
    };
    put(&nats, &tread).await;
    let (stage, reply) = outcome(&nats, &tread).await;
    assert_eq!(stage, Stage::Failed);
    assert!(matches!(reply, Err(Failure::InternalError { .. })), "{reply:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_no_command_stays_in_the_queue() {
    let (server, nats) = world().await;
    nats.queue().prepare().await.unwrap();
    let id = Uuid::new_v4();
    raw(&server.url(), &format!("commands-async.account.{}.{id}", Uuid::new_v4()), "from another release")
        .await;
    let service = Running::at(&server);
    // The hour of 3.6 s is over after 62 tries at most: 7 quick ones, and then one in 64 ms.
    eventually_within(Duration::from_mins(1), "it is tried for longer than an hour", async || {
        deliveries(&server).await >= 75
    })
    .await;
    assert!(nats.queue().find(id).await.is_err(), "it is there, and cannot be read");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_that_is_put_into_a_queue_made_anew_is_decided_anew() {
    let (server, nats) = world().await;
    let service = Running::at(&server);
    let account = Uuid::new_v4();
    let bank = writer(&server.url()).await;
    bank.send(open(account)).await.unwrap();
    let command = withdraw(account, 5);
    put(&nats, &command).await;
    assert_eq!(outcome(&nats, &command).await.0, Stage::Refused);

    bank.send(deposit(account, 5)).await.unwrap();
    raw(&server.url(), "$JS.API.STREAM.DELETE.COMMANDS", "").await;
    eventually("it can be put there again, at the same place", async || {
        matches!(nats.queue().put(&command).await, Ok(Put::Enqueued))
    })
    .await;
    assert_eq!(outcome(&nats, &command).await.0, Stage::Succeeded);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_the_queue_are_carried_out_once_though_the_server_is_killed() {
    let (mut server, nats) = world().await;
    let service = Running::at(&server);
    let account = Uuid::new_v4();
    let opened = open(account);
    put(&nats, &opened).await;
    assert_eq!(outcome(&nats, &opened).await.0, Stage::Succeeded);
    let deposits: Vec<_> = (0..300).map(|_| deposit(account, 1)).collect();
    for (number, deposit) in deposits.iter().enumerate() {
        if number == 100 || number == 200 {
            server.restart().await;
        }
        let taken = eventually_within(Duration::from_secs(30), "it is in the queue", async || {
            nats.queue().put(deposit).await.is_ok()
        });
        taken.await;
    }
    for deposit in &deposits {
        assert_eq!(outcome(&nats, deposit).await.0, Stage::Succeeded);
    }
    service.stop().await;
    assert_eq!(assert_once(&log(&server.url()).await).await, 301);
}
