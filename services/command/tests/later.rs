//! Commands that wait in the queue: carried out once, tried as long as they are worth it, and never told to
//! be what they are not.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

mod bank;
mod waiting;

use std::time::Duration;

use annals_core::{
    Catalog, Context, Domain, Fingerprint, Outcome, Stage, StreamId, TraceParent,
    bus::{CommandRequest, Expected, Failure},
};
use annals_domains::account::Account;
use annals_nats::{Log, Nats};
use annals_testkit::{TestNats, eventually, raw};
use bank::{command, deposit, open, withdraw};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use uuid::Uuid;
use waiting::{QUICK, Running, SLOW, outcome, put, world};

/// Lets the server forget the ids of what it has stored, as it does by itself after two minutes.
async fn forget_ids(server: &TestNats) {
    let info = raw(&server.url(), "$JS.API.STREAM.INFO.EVENTS", "").await;
    let mut config = serde_json::from_str::<Value>(&info).unwrap()["config"].take();
    config["duplicate_window"] = json!(Duration::from_millis(100).as_nanos());
    let updated = raw(&server.url(), "$JS.API.STREAM.UPDATE.EVENTS", &config.to_string()).await;
    assert!(!updated.contains("error"), "{updated}");
}

async fn commits(nats: &Nats, account: Uuid) -> Vec<Uuid> {
    let stored = nats.log().read_latest(&StreamId::new("account", account), 0).await.unwrap();
    stored.iter().map(|stored| stored.commit.id).collect()
}

/// Nothing that accounts can do.
fn publish() -> CommandRequest {
    let data = json!({ "author": "Ada", "content": "Hello" });
    CommandRequest {
        stream: StreamId::new("post", Uuid::new_v4()),
        ..command(Uuid::new_v4(), "publish", data)
    }
}

/// A release that knows accounts, and nothing else.
fn earlier_release(server: &TestNats) -> Running {
    Running::with(server, Catalog::try_new([Domain::of::<Account>()]).unwrap(), SLOW)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_the_queue_and_carry_out_each_command_once() {
    let (server, nats) = world().await;
    let account = Uuid::new_v4();
    let one = earlier_release(&server);
    let opened = open(account);
    put(&nats, &opened).await;
    assert_eq!(outcome(&nats, &opened).await.stage(), Stage::Succeeded, "the one works");

    let other = earlier_release(&server);
    let held: Vec<_> = (0..20).map(|_| publish()).collect();
    let deposits: Vec<_> = (0..200).map(|_| deposit(account, 1)).collect();
    join_all(held.iter().chain(&deposits).map(|command| put(&nats, command))).await;
    one.stop().await; // in the middle of them
    let standing = nats.queue().listen().await.unwrap().standing().await.unwrap();
    assert!(standing.waiting + standing.out >= 20, "neither of them can publish: {standing:?}");
    let last = deposit(account, 1);
    put(&nats, &last).await;
    for deposit in deposits.iter().chain([&last]) {
        let reply = outcome(&nats, deposit).await.reply.unwrap();
        assert_eq!((reply.command_id, reply.events.len()), (deposit.id, 1), "the other works");
    }
    other.stop().await;
    let next = Running::with(&server, annals_domains::catalog(), SLOW);
    for publish in &held {
        assert_eq!(outcome(&nats, publish).await.stage(), Stage::Succeeded, "what was left is carried out");
    }
    next.stop().await;
    let mut stored = commits(&nats, account).await;
    assert_eq!(stored.len(), 202);
    stored.sort_unstable();
    stored.dedup();
    assert_eq!(stored.len(), 202, "none is there twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_tried_for_an_hour_and_then_it_has_failed() {
    let (server, nats) = world().await;
    let account = Uuid::new_v4();
    raw(&server.url(), &format!("events.account.{account}"), "poison").await;
    let service = Running::with(&server, annals_domains::catalog(), SLOW);
    let command = deposit(account, 1);
    put(&nats, &command).await;
    let queued = nats.queue().listen().await.unwrap();
    eventually("it is tried again and again", async || {
        queued.standing().await.is_ok_and(|standing| standing.delivered >= 4)
    })
    .await;
    service.stop().await;
    assert!(nats.outcomes().find(command.id).await.unwrap().is_none(), "it has not failed yet");

    let service = Running::with(&server, annals_domains::catalog(), QUICK); // for which the hour is soon over
    let failed = outcome(&nats, &command).await;
    assert_eq!(failed.stage(), Stage::Failed);
    assert!(matches!(failed.reply, Err(Failure::EventQuarantined { .. })), "{:?}", failed.reply);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_precondition_is_judged_when_the_command_is_carried_out() {
    let (server, nats) = world().await;
    let account = Uuid::new_v4();
    let first = open(account);
    put(&nats, &first).await;
    let mut second = deposit(account, 5);
    second.expected = Expected::Version(1); // which it is only once the first one is carried out
    let service = Running::at(&server);
    assert_eq!(outcome(&nats, &first).await.stage(), Stage::Succeeded);
    put(&nats, &second).await;
    assert_eq!(outcome(&nats, &second).await.stage(), Stage::Succeeded);

    let mut third = deposit(account, 5);
    third.expected = Expected::New;
    put(&nats, &third).await;
    let refused = outcome(&nats, &third).await;
    assert_eq!(refused.stage(), Stage::Refused);
    assert_eq!(refused.reply.unwrap_err(), Failure::VersionMismatch { version: 2 });
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_keeps_where_it_comes_from() {
    let (server, nats) = world().await;
    let account = Uuid::new_v4();
    let trace = TraceParent::new(0x4bf9_2f35, 7);
    let mut command = open(account);
    command.context = Context {
        correlation_id: Uuid::new_v4(),
        trace: Some(trace),
        metadata: Map::from_iter([("why".into(), "a whim".into())]),
        ..command.context
    };
    put(&nats, &command).await;
    let service = Running::at(&server);
    assert_eq!(outcome(&nats, &command).await.stage(), Stage::Succeeded);

    let stored = nats.log().read_latest(&command.stream, 0).await.unwrap();
    let kept = stored[0].commit.context.clone();
    let span = |trace: Option<TraceParent>| trace.map(|trace| trace.child(1).to_string());
    assert_eq!(span(kept.trace), span(Some(trace)), "another step of the same trace");
    assert_eq!(Context { trace: Some(trace), ..kept }, command.context);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_stays_true_when_only_the_acknowledgement_was_lost() {
    let (server, nats) = world().await;
    let account = Uuid::new_v4();
    let command = withdraw(account, 5);
    put(&nats, &command).await;
    // An instance has turned it down and said so, and died before the queue knew.
    let source = nats.queue().listen().await.unwrap();
    let wake = source.pull(1).await.unwrap().next().await.unwrap().unwrap();
    let told = Outcome {
        taken: wake.delivery.taken(),
        fingerprint: Fingerprint::of(&command.command, &command.data),
        reply: Err(Failure::VersionMismatch { version: 9 }),
    };
    nats.outcomes().keep(command.id, &told, None).await.unwrap();
    drop(wake);

    // By now it would be carried out.
    let service = Running::at(&server);
    let bank = bank::Service::at(&server.url()).await;
    bank.give(open(account)).await.unwrap();
    bank.give(deposit(account, 5)).await.unwrap();
    assert_eq!(outcome(&nats, &command).await.reply.unwrap_err(), Failure::VersionMismatch { version: 9 });
    assert_eq!(commits(&nats, account).await.len(), 2);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_carried_out_and_not_told_is_found_however_many_came_after_it() {
    let (server, nats) = world().await;
    forget_ids(&server).await;
    let account = Uuid::new_v4();
    let bank = bank::Service::at(&server.url()).await;
    bank.give(open(account)).await.unwrap();
    let command = deposit(account, 5);
    put(&nats, &command).await;
    let first = bank.give(command.clone()).await.unwrap(); // by an instance that died before it said so
    for _ in 0..1100 {
        bank.give(deposit(account, 1)).await.unwrap();
    }

    let service = Running::at(&server);
    let reply = outcome(&nats, &command).await.reply.unwrap();
    assert_eq!((reply.version, reply.position), (first.version, first.position));
    assert_eq!(commits(&nats, account).await.len(), 1102);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_made_again_when_somebody_has_deleted_it() {
    let (server, nats) = world().await;
    let service = Running::at(&server);
    let first = open(Uuid::new_v4());
    put(&nats, &first).await;
    assert_eq!(outcome(&nats, &first).await.stage(), Stage::Succeeded);

    raw(&server.url(), "$JS.API.STREAM.DELETE.COMMANDS", "").await;
    let second = open(Uuid::new_v4());
    eventually("it can be put there again", async || nats.queue().put(second.clone()).await.is_ok()).await;
    assert_eq!(outcome(&nats, &second).await.stage(), Stage::Succeeded);
    service.stop().await;
}
