//! What waits in the queue is not lost, and nothing is told of it that is not so, whatever is wrong.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod bank;
mod waiting;

use std::time::Duration;

use annals_core::{
    Catalog, Decider, Domain, Stage, StreamId,
    bus::{CommandRequest, Failure},
};
use annals_nats::Put;
use annals_testkit::{eventually, eventually_within, raw};
use bank::{command, deposit, open, withdraw};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use waiting::{QUICK, Running, outcome, put, world};

/// Its rules have a defect.
#[derive(Default, Serialize, Deserialize)]
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
    let failed = outcome(&nats, &tread).await;
    assert_eq!(failed.stage(), Stage::Failed);
    assert!(matches!(failed.reply, Err(Failure::InternalError { .. })), "{:?}", failed.reply);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_command_stays_in_the_queue() {
    let (server, nats) = world().await;
    nats.queue().prepare().await.unwrap();
    let id = Uuid::new_v4();
    raw(&server.url(), &format!("commands-async.account.{}.{id}", Uuid::new_v4()), "from another release")
        .await;
    let service = Running::at(&server);
    let queued = nats.queue().listen().await.unwrap();
    // The hour of 3.6 s is over after 62 tries at most: 7 quick ones, and then one in 64 ms.
    eventually_within(Duration::from_mins(1), "it is tried for longer than an hour", async || {
        queued.standing().await.is_ok_and(|standing| standing.delivered >= 75)
    })
    .await;
    assert!(nats.queue().find(id).await.is_err(), "it is there, and cannot be read");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_given_again_to_a_queue_made_anew_is_decided_anew() {
    let (server, nats) = world().await;
    let service = Running::at(&server);
    let account = Uuid::new_v4();
    let bank = bank::Service::at(&server.url()).await;
    bank.give(open(account)).await.unwrap();
    let command = withdraw(account, 5);
    put(&nats, &command).await;
    assert_eq!(outcome(&nats, &command).await.stage(), Stage::Refused);

    bank.give(deposit(account, 5)).await.unwrap();
    raw(&server.url(), "$JS.API.STREAM.DELETE.COMMANDS", "").await;
    eventually("it can be put there again, at the same place", async || {
        matches!(nats.queue().put(command.clone()).await, Ok(Put::Now))
    })
    .await;
    assert_eq!(outcome(&nats, &command).await.stage(), Stage::Succeeded);
    service.stop().await;
}
