//! The queue of commands: each is there once until it is settled, whichever instance dies.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::time::Duration;

use annals_core::{
    Context, StreamId,
    bus::{CommandRequest, Expected},
};
use annals_nats::{Nats, Put, PutError, QueueConsumer, QueuedCommand};
use annals_testkit::{TestNats, eventually, raw};
use async_nats::jetstream::{
    self,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use serde_json::{Map, json};
use tokio::time::timeout;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(15);

async fn connected() -> (TestNats, Nats) {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "queue").await.unwrap();
    (server, nats)
}

fn command() -> CommandRequest {
    let id = Uuid::new_v4();
    CommandRequest {
        id,
        stream: StreamId::new("thing", Uuid::new_v4()),
        command: "note".into(),
        data: json!({ "text": "hello" }),
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: "suite".into(),
            metadata: Map::new(),
            trace: None,
        },
        expected: Expected::Version(7),
        first_sending: true,
    }
}

async fn put(nats: &Nats, request: &CommandRequest) -> Put {
    nats.queue().put(request).await.unwrap()
}

async fn next(consumer: &mut QueueConsumer) -> QueuedCommand {
    timeout(SOON, consumer.next()).await.expect("a command comes").unwrap()
}

fn id(command: &QueuedCommand) -> Uuid {
    command.request.as_ref().unwrap().id
}

#[tokio::test]
async fn a_command_waits_once_however_often_it_is_put_there() {
    let (_server, nats) = connected().await;
    let (request, queue) = (command(), nats.queue());
    assert!(queue.find(request.id).await.is_err(), "there is no queue yet");

    assert!(matches!(put(&nats, &request).await, Put::Enqueued));
    let other = CommandRequest { data: json!({ "text": "bye" }), ..request.clone() };
    let Put::AlreadyQueued(there) = put(&nats, &other).await else { panic!("it waits twice") };
    assert_eq!(there.data, request.data, "the first one stays");
    assert_eq!(queue.find(request.id).await.unwrap().unwrap().expected, Expected::Version(7));
    assert!(queue.find(Uuid::new_v4()).await.unwrap().is_none());

    let mut consumer = queue.consume().await.unwrap();
    let queued = next(&mut consumer).await;
    assert_eq!(queued.request.as_ref().unwrap().data, request.data);
    assert_eq!(queued.deliveries, 1);
    assert_eq!(consumer.pending().await.unwrap(), 1);
    assert!(queue.find(request.id).await.unwrap().is_some(), "it is there while it is carried out");
    queued.double_ack().await;
    assert!(queue.find(request.id).await.unwrap().is_none());
    assert_eq!(consumer.pending().await.unwrap(), 0);
    assert!(matches!(put(&nats, &request).await, Put::Enqueued), "once it is settled it may come again");
}

#[tokio::test]
async fn each_time_a_command_is_put_there_it_gets_another_ticket() {
    let (_server, nats) = connected().await;
    let request = command();
    let mut consumer = nats.queue().consume().await.unwrap();
    let mut tickets = Vec::new();
    for _ in 0..3 {
        put(&nats, &request).await;
        let queued = next(&mut consumer).await;
        tickets.push(queued.ticket);
        queued.double_ack().await;
    }
    assert!(tickets[0] != tickets[1] && tickets[1] != tickets[2], "{tickets:?}");
}

#[tokio::test]
async fn a_command_is_there_after_the_server_was_killed_and_the_consumer_deleted() {
    let (mut server, nats) = connected().await;
    let request = command();
    put(&nats, &request).await;
    let queued = next(&mut nats.queue().consume().await.unwrap()).await; // by an instance that dies
    assert_eq!(id(&queued), request.id);
    drop(queued);
    server.restart().await;
    let mut consumer =
        eventually("the server answers again", async || nats.queue().consume().await.ok()).await;
    assert_eq!(id(&next(&mut consumer).await), request.id);

    raw(&server.url(), "$JS.API.CONSUMER.DELETE.COMMANDS.commands", "").await;
    let lost = timeout(SOON, async { while consumer.next().await.is_ok() {} }).await;
    assert!(lost.is_ok() && consumer.pending().await.is_err(), "it is gone");
    let queued = next(&mut nats.queue().consume().await.unwrap()).await;
    assert_eq!(id(&queued), request.id);
    queued.double_ack().await;
    assert!(nats.queue().find(request.id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_command_of_an_instance_that_died_is_delivered_to_another() {
    let (_server, nats) = connected().await;
    let request = command();
    put(&nats, &request).await;
    let mut dying = nats.queue().consume().await.unwrap();
    let first = next(&mut dying).await;
    drop((first, dying));

    let second = next(&mut nats.queue().consume().await.unwrap()).await;
    assert_eq!((id(&second), second.deliveries), (request.id, 2));
}

#[tokio::test]
async fn a_command_with_a_heartbeat_is_delivered_to_no_other_instance() {
    let (_server, nats) = connected().await;
    put(&nats, &command()).await;
    let queued = next(&mut nats.queue().consume().await.unwrap()).await;
    let mut other = nats.queue().consume().await.unwrap();
    // Twice as long as the server waits for a sign of life.
    let redelivered = queued.with_heartbeat(timeout(Duration::from_secs(4), other.next())).await;
    assert!(redelivered.is_err(), "{redelivered:?}");
    queued.double_ack().await;
}

#[tokio::test]
async fn a_command_that_is_tried_again_later_does_not_keep_others_waiting() {
    let (_server, nats) = connected().await;
    let (first, second) = (command(), command());
    put(&nats, &first).await;
    let mut consumer = nats.queue().consume().await.unwrap();
    next(&mut consumer).await.retry(Duration::from_hours(1)).await;
    put(&nats, &second).await;
    let queued = next(&mut consumer).await;
    assert_eq!(id(&queued), second.id);
    queued.double_ack().await;
    assert_eq!(consumer.pending().await.unwrap(), 1, "it is not forgotten");

    let third = command();
    put(&nats, &third).await;
    next(&mut consumer).await.retry(Duration::from_millis(10)).await;
    let again = next(&mut consumer).await;
    assert_eq!((id(&again), again.deliveries), (third.id, 2));
}

/// What Annals makes, with one thing changed by somebody else.
async fn made_with(server: &TestNats, nats: &Nats, change: impl FnOnce(&mut Config)) {
    let jetstream = jetstream::new(async_nats::connect(server.url()).await.unwrap());
    nats.queue().prepare().await.unwrap();
    let mut config = jetstream.get_stream("COMMANDS").await.unwrap().cached_info().config.clone();
    jetstream.delete_stream("COMMANDS").await.unwrap();
    change(&mut config);
    // The server may still be removing the old one's files.
    eventually("it is made", async || jetstream.create_stream(config.clone()).await.is_ok()).await;
}

#[tokio::test]
async fn a_full_queue_says_so_and_loses_nothing() {
    let (server, nats) = connected().await;
    made_with(&server, &nats, |config| config.max_messages = 2).await;
    let (first, second, third) = (command(), command(), command());
    put(&nats, &first).await;
    put(&nats, &second).await;
    let full = nats.queue().put(&third).await.unwrap_err();
    assert!(
        matches!(&full, PutError::Unavailable(why) if why.contains("maximum messages exceeded")),
        "{full}"
    );
    assert!(matches!(put(&nats, &first).await, Put::AlreadyQueued(_)), "a repeat needs no room");

    next(&mut nats.queue().consume().await.unwrap()).await.double_ack().await;
    assert!(matches!(put(&nats, &third).await, Put::Enqueued));
}

#[tokio::test]
async fn a_silent_queue_leaves_open_whether_it_has_the_command() {
    let (server, nats) = connected().await;
    let (first, second) = (command(), command());
    put(&nats, &first).await;
    let queue = nats.queue();
    queue.put(&first).await.unwrap(); // it has seen that the queue is sound
    server.pause();
    let unknown = queue.put(&second).await.unwrap_err();
    assert!(matches!(unknown, PutError::OutcomeUnknown(_)), "{unknown}");
    server.resume();
    eventually("it is there all the same", async || queue.find(second.id).await.is_ok_and(|it| it.is_some()))
        .await;
}

#[tokio::test]
async fn a_queue_that_could_lose_commands_takes_none_and_says_why() {
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 6] = [
        ("memory storage", |config| config.storage = StorageType::Memory),
        ("another retention policy", |config| config.retention = RetentionPolicy::Limits),
        ("a limit on age", |config| config.max_age = Duration::from_hours(1)),
        ("discard: old", |config| config.discard = DiscardPolicy::Old),
        ("no limits", |config| config.max_bytes = -1),
        ("messages that expire", |config| config.allow_message_ttl = true),
    ];
    for (what, change) in changes {
        let (server, nats) = connected().await;
        made_with(&server, &nats, change).await;
        let refused = nats.queue().put(&command()).await.unwrap_err().to_string();
        assert!(refused.contains(what), "{what}: {refused}");
        assert!(nats.queue().consume().await.is_err(), "{what}");
    }
}
