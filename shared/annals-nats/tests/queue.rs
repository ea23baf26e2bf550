//! The queue of commands: each is there once until it is dealt with, whoever dies.
#![allow(clippy::unwrap_used)] // helpers of tests are tests

use std::time::Duration;

use annals_core::{
    Context, StreamId,
    bus::{CommandRequest, Expected},
};
use annals_nats::{LogError, Nats, Put, Source, Wake};
use annals_testkit::{TestNats, eventually};
use async_nats::jetstream::{
    self,
    stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
};
use serde_json::{Map, json};
use tokio::time::timeout;
use uuid::Uuid;

async fn connected() -> (TestNats, Nats) {
    let server = annals_testkit::nats().await;
    let nats = Nats::connect(&server.url(), "queue").await.unwrap();
    nats.prepare().await.unwrap();
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
        caused_at: None,
    }
}

async fn put(nats: &Nats, request: &CommandRequest) -> Put {
    nats.queue().put(request.clone()).await.unwrap()
}

/// The next commands, so many.
async fn wakes(source: &Source<CommandRequest>, count: usize) -> Vec<Wake<CommandRequest>> {
    let mut wakes = Vec::new();
    let all = async {
        while wakes.len() < count {
            let mut pull = source.pull(count - wakes.len()).await.unwrap();
            while let Some(wake) = pull.next().await.unwrap() {
                wakes.push(wake);
            }
        }
    };
    timeout(Duration::from_secs(15), all).await.expect("so many commands come");
    wakes
}

async fn next(source: &Source<CommandRequest>) -> Wake<CommandRequest> {
    wakes(source, 1).await.remove(0)
}

fn id(wake: &Wake<CommandRequest>) -> Uuid {
    wake.delivery.stored.as_ref().unwrap().id
}

#[tokio::test]
async fn a_command_waits_once_however_often_it_is_put_there() {
    let (_server, nats) = connected().await;
    let (request, queue) = (command(), nats.queue());
    assert!(queue.find(request.id).await.is_err(), "there is no queue yet");

    assert!(matches!(put(&nats, &request).await, Put::Now));
    let other = CommandRequest { data: json!({ "text": "bye" }), ..request.clone() };
    let Put::Before(there) = put(&nats, &other).await else { panic!("it waits twice") };
    assert_eq!(there.data, request.data, "the first one stays");
    assert_eq!(queue.find(request.id).await.unwrap().unwrap().expected, Expected::Version(7));
    assert!(queue.find(Uuid::new_v4()).await.unwrap().is_none());

    let source = queue.listen().await.unwrap();
    let wake = next(&source).await;
    assert_eq!(wake.delivery.stored.as_ref().unwrap().data, request.data);
    assert!(queue.find(request.id).await.unwrap().is_some(), "it is there while it is carried out");
    wake.settle().await;
    assert!(queue.find(request.id).await.unwrap().is_none());
    assert!(matches!(put(&nats, &request).await, Put::Now), "once it is dealt with it may come again");
}

#[tokio::test]
async fn a_command_knows_where_the_log_ended_when_it_was_taken() {
    let (server, nats) = connected().await;
    put(&nats, &command()).await;
    let poison = annals_testkit::raw(&server.url(), "events.thing.1", "poison").await;
    assert!(poison.contains("\"seq\":1"), "{poison}");
    put(&nats, &command()).await;

    let source = nats.queue().listen().await.unwrap();
    let mut positions: Vec<_> =
        wakes(&source, 2).await.iter().map(|wake| wake.delivery.stored.as_ref().unwrap().caused_at).collect();
    positions.sort_unstable();
    assert_eq!(positions, [Some(0), Some(1)]);
}

#[tokio::test]
async fn what_was_taken_is_there_after_the_server_was_killed_and_its_consumer_deleted() {
    let (mut server, nats) = connected().await;
    let request = command();
    put(&nats, &request).await;
    let source = nats.queue().listen().await.unwrap();
    let wake = next(&source).await; // in the hands of somebody who dies
    assert_eq!(id(&wake), request.id);
    drop(wake);
    server.restart().await;
    let source = eventually("the server answers again", async || nats.queue().listen().await.ok()).await;
    assert_eq!(id(&next(&source).await), request.id);

    annals_testkit::raw(&server.url(), "$JS.API.CONSUMER.DELETE.COMMANDS.commands", "").await;
    assert!(source.standing().await.is_err(), "it is gone");
    let source = nats.queue().listen().await.unwrap();
    let wake = next(&source).await;
    assert_eq!(id(&wake), request.id);
    wake.settle().await;
    assert!(nats.queue().find(request.id).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_tried_again_later_does_not_keep_others_waiting() {
    let (_server, nats) = connected().await;
    let (first, second) = (command(), command());
    put(&nats, &first).await;
    let source = nats.queue().listen().await.unwrap();
    next(&source).await.retry(Duration::from_hours(1)).await;
    put(&nats, &second).await;
    let wake = next(&source).await;
    assert_eq!(id(&wake), second.id);
    wake.settle().await;
    let standing = source.standing().await.unwrap();
    assert_eq!((standing.waiting, standing.out), (0, 1));
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
    let full = nats.queue().put(third.clone()).await.unwrap_err();
    assert!(
        matches!(&full, LogError::Unavailable(why) if why.contains("maximum messages exceeded")),
        "{full}"
    );
    assert!(matches!(put(&nats, &first).await, Put::Before(_)), "a repeat needs no room");

    next(&nats.queue().listen().await.unwrap()).await.settle().await;
    assert!(matches!(put(&nats, &third).await, Put::Now));
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
        let refused = nats.queue().put(command()).await.unwrap_err().to_string();
        assert!(refused.contains(what), "{what}: {refused}");
        assert!(nats.queue().listen().await.is_err(), "{what}");
    }
}
