//! Commands of the queue: carried out once, tried as long as they are worth it, and never said to be what they
//! are not.

use annals_core::{
    Catalog, Context, Domain, Fingerprint, Outcome, Stage, StreamId, TraceParent,
    bus::{CommandRequest, Expected, Failure},
};
use annals_domains::account::Account;
use annals_testkit::{TestNats, eventually, raw};
use futures_util::future::join_all;
use serde_json::{Map, json};
use uuid::Uuid;

use crate::{
    bank::{command, deposit, open, stream, withdraw},
    service::{QUICK, Running, SLOW, assert_once, commands, deliveries, log, outcome, put, world, writer},
};

/// Nothing that accounts can do.
fn publish() -> CommandRequest {
    let data = json!({ "author": "Ada", "content": "Hello" });
    CommandRequest {
        stream: StreamId::new("post", Uuid::new_v4()),
        ..command(Uuid::new_v4(), "publish", data)
    }
}

/// A release that knows accounts, and nothing else.
fn accounts() -> Catalog {
    Catalog::try_new([Domain::of::<Account>()]).unwrap()
}

fn earlier_release(server: &TestNats) -> Running {
    Running::with(server, accounts(), SLOW)
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_come_and_go_carry_out_each_command_once() {
    let (server, nats) = world().await;
    let (account, log) = (Uuid::new_v4(), log(&server.url()).await);
    let one = earlier_release(&server);
    let opened = open(account);
    put(&nats, &opened).await;
    assert_eq!(outcome(&nats, &opened).await.0, Stage::Succeeded, "the one works");

    let other = earlier_release(&server);
    let held: Vec<_> = (0..20).map(|_| publish()).collect();
    let deposits: Vec<_> = (0..200).map(|_| deposit(account, 1)).collect();
    join_all(held.iter().chain(&deposits).map(|command| put(&nats, command))).await;
    one.stop().await; // in the middle of them
    let pending = nats.queue().consume().await.unwrap().pending().await.unwrap();
    assert!(pending >= 20, "neither of them can publish: {pending}");
    let last = deposit(account, 1);
    put(&nats, &last).await;
    for deposit in deposits.iter().chain([&last]) {
        let reply = outcome(&nats, deposit).await.1.unwrap();
        assert_eq!((reply.command_id, reply.events.len()), (deposit.id, 1), "the other works");
    }
    other.stop().await;
    let next = Running::with(&server, annals_domains::catalog(), SLOW);
    for publish in &held {
        assert_eq!(outcome(&nats, publish).await.0, Stage::Succeeded, "what was left is carried out");
    }
    next.stop().await;
    assert_eq!(commands(&log, account).await.len(), 202);
    assert_eq!(assert_once(&log).await, 222);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outcome_of_a_refused_command_is_kept_and_a_stored_one_is_found_in_the_log() {
    let (server, nats) = world().await;
    let service = Running::at(&server);
    let account = Uuid::new_v4();
    let (refused, opened) = (withdraw(account, 5), open(account));
    put(&nats, &refused).await;
    let (stage, reply) = outcome(&nats, &refused).await;
    assert_eq!(stage, Stage::Refused);
    assert!(matches!(reply, Err(Failure::Refused(_))), "{reply:?}");

    put(&nats, &opened).await;
    let (stage, reply) = outcome(&nats, &opened).await;
    assert_eq!((stage, reply.unwrap().version), (Stage::Succeeded, 1));
    assert!(nats.outcomes().find(opened.id).await.unwrap().is_none(), "the state store knows it");
    let directory = service.stop().await;

    let service = Running::on(&server.url(), annals_domains::catalog(), QUICK, directory);
    assert_eq!(outcome(&nats, &opened).await.0, Stage::Succeeded);
    assert_eq!(outcome(&nats, &refused).await.0, Stage::Refused);
    let other = Fingerprint::of("open", &json!({ "owner_email": "bob@example.com" }));
    let found = nats.bus().find_command(opened.id, Some(other)).await;
    assert_eq!(found.unwrap_err(), Failure::IdempotencyKeyReused);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_is_tried_for_an_hour_and_then_it_has_failed() {
    let (server, nats) = world().await;
    let service = earlier_release(&server);
    let command = publish();
    put(&nats, &command).await;
    eventually("it is tried again and again", async || deliveries(&server).await >= 4).await;
    service.stop().await;
    assert!(nats.outcomes().find(command.id).await.unwrap().is_none(), "it has not failed yet");

    let service = Running::with(&server, accounts(), QUICK); // for which the hour is soon over
    let (stage, reply) = outcome(&nats, &command).await;
    assert_eq!((stage, reply.unwrap_err()), (Stage::Failed, Failure::UnknownCategory));
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
    assert_eq!(outcome(&nats, &first).await.0, Stage::Succeeded);
    put(&nats, &second).await;
    assert_eq!(outcome(&nats, &second).await.0, Stage::Succeeded);

    let mut third = deposit(account, 5);
    third.expected = Expected::New;
    put(&nats, &third).await;
    let (stage, reply) = outcome(&nats, &third).await;
    assert_eq!((stage, reply.unwrap_err()), (Stage::Refused, Failure::VersionMismatch { version: 2 }));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_keeps_where_it_comes_from() {
    let (server, nats) = world().await;
    let trace = TraceParent::new(0x4bf9_2f35, 7);
    let mut command = open(Uuid::new_v4());
    command.context = Context {
        correlation_id: Uuid::new_v4(),
        trace: Some(trace),
        metadata: Map::from_iter([("why".into(), "a whim".into())]),
        ..command.context
    };
    put(&nats, &command).await;
    let service = Running::at(&server);
    assert_eq!(outcome(&nats, &command).await.0, Stage::Succeeded);

    let stored = stream(&log(&server.url()).await, &command.stream).await;
    let kept = stored[0].commit.context.clone();
    let span = |trace: Option<TraceParent>| trace.map(|trace| trace.child(1).to_string());
    assert_eq!(span(kept.trace), span(Some(trace)), "another step of the same trace");
    assert_eq!(Context { trace: Some(trace), ..kept }, command.context);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_stays_true_when_only_the_acknowledgement_was_lost() {
    let (server, nats) = world().await;
    let account = Uuid::new_v4();
    let command = withdraw(account, 5);
    put(&nats, &command).await;
    // An instance has refused it and kept that, and died before the queue knew.
    let queued = nats.queue().consume().await.unwrap().next().await.unwrap();
    let kept = Outcome {
        taken: queued.ticket,
        fingerprint: Fingerprint::of(&command.command, &command.data),
        reply: Err(Failure::VersionMismatch { version: 9 }),
    };
    nats.outcomes().keep(command.id, &kept, None).await.unwrap();
    drop(queued);

    // By now it would be carried out.
    let bank = writer(&server.url()).await;
    bank.send(open(account)).await.unwrap();
    bank.send(deposit(account, 5)).await.unwrap();
    let service = Running::at(&server);
    assert_eq!(outcome(&nats, &command).await.1.unwrap_err(), Failure::VersionMismatch { version: 9 });
    assert_eq!(commands(&bank.log, account).await.len(), 2);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_stored_and_not_settled_is_found_however_many_came_after_it() {
    let (server, nats) = world().await;
    let account = Uuid::new_v4();
    let bank = writer(&server.url()).await;
    bank.send(open(account)).await.unwrap();
    let command = deposit(account, 5);
    put(&nats, &command).await;
    let first = bank.send(command.clone()).await.unwrap(); // by an instance that died before the queue knew
    join_all((0..1100).map(|_| bank.send(deposit(account, 1)))).await;

    let service = Running::at(&server);
    let reply = outcome(&nats, &command).await.1.unwrap();
    assert_eq!((reply.version, reply.position), (first.version, first.position));
    assert_eq!(commands(&bank.log, account).await.len(), 1102);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_is_made_again_when_somebody_has_deleted_it() {
    let (server, nats) = world().await;
    let service = Running::at(&server);
    let first = open(Uuid::new_v4());
    put(&nats, &first).await;
    assert_eq!(outcome(&nats, &first).await.0, Stage::Succeeded);

    raw(&server.url(), "$JS.API.STREAM.DELETE.COMMANDS", "").await;
    let second = open(Uuid::new_v4());
    eventually("it can be put there again", async || nats.queue().put(&second).await.is_ok()).await;
    assert_eq!(outcome(&nats, &second).await.0, Stage::Succeeded);
    service.stop().await;
}
