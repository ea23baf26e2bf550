//! Answers that do not come, or not from the first instance that was asked.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use annals_core::bus::{Accepted, CommandLookup, CommandRequest, Failure};
use annals_nats::Nats;
use annals_testkit::{eventually, nats};
use async_nats::{HeaderMap, Request};
use futures_util::{StreamExt, future::join_all};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::instance::{Instance, answered, bus, request};

const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_command_whose_instance_has_died_is_sent_to_another() {
    let server = nats().await;
    let dying = async_nats::connect(server.url()).await.unwrap();
    let mut taken = dying.queue_subscribe("commands.any", "q".into()).await.unwrap();
    answered(&dying).await;

    let (bus, request) = (bus(&server).await, request());
    let id = request.id;
    let asking = tokio::spawn(async move { bus.command(&request).await });
    assert!(taken.next().await.is_some(), "one has it, and says nothing");
    drop(taken);
    let instance = Instance::start(&server).await;

    assert_eq!(asking.await.unwrap().unwrap().command_id, id);
    assert_eq!(instance.stop().await, 1);
}

#[tokio::test]
async fn without_an_instance_nothing_was_done_and_that_is_said_at_once() {
    let (server, request) = (nats().await, request());
    let bus = bus(&server).await;
    let asked = timeout(SOON, join_all((0..50).map(|_| bus.command(&request)))).await.unwrap();
    assert!(asked.iter().all(|reply| matches!(reply, Err(Failure::Unavailable { .. }))), "{asked:?}");
}

#[tokio::test]
async fn a_panic_is_a_defect_that_is_answered() {
    let server = nats().await;
    let (_instance, bus) = (Instance::start(&server).await, bus(&server).await);
    let panic = CommandRequest { command: "panic".into(), ..request() };
    let other = request();
    let (defect, other) = tokio::join!(bus.command(&panic), bus.command(&other));
    assert!(matches!(defect, Err(Failure::InternalError { .. })));
    assert!(other.is_ok(), "what came with it is carried out");
    assert!(bus.command(&request()).await.is_ok(), "it goes on");
}

#[tokio::test]
async fn commands_that_their_sender_has_given_up_are_not_begun() {
    let server = nats().await;
    let instance = Instance::start(&server).await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let json = serde_json::to_string(&request()).unwrap();
    // The first one is decades late.
    let both = format!("7 1 {json}\n8 9999999999999999 {json}\n");
    let answer = client.request("commands.any", both.into()).await.unwrap();
    assert!(answer.payload.starts_with(b"8 {\"Ok\""), "{answer:?}");
    assert_eq!(instance.stop().await, 1);
}

#[tokio::test]
async fn questions_that_their_sender_has_given_up_are_not_begun() {
    let server = nats().await;
    let nats = Nats::connect(&server.url(), "instance").await.unwrap();
    let service = nats.serve("annals-stored-commands").await.unwrap().stored_commands().await.unwrap();
    let (stop, begun) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    let count = begun.clone();
    let answer = move |_, _: CommandLookup| {
        count.fetch_add(1, Ordering::Relaxed);
        async { Ok(None::<Accepted>) }
    };
    let running = tokio::spawn(service.run(answer, stop.clone()));
    assert!(nats.bus().present("annals-stored-commands").await);
    let client = async_nats::connect(server.url()).await.unwrap();
    let payload = serde_json::to_vec(&CommandLookup { id: Uuid::new_v4(), fingerprint: None }).unwrap();
    let question = |deadline: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("Annals-Deadline", deadline);
        let timeout = Some(Duration::from_secs(1));
        Request::new().payload(payload.clone().into()).headers(headers).timeout(timeout)
    };
    let late = client.send_request("queries.command", question("1"));
    let in_time = client.send_request("queries.command", question("9999999999999999"));
    let (late, in_time) = tokio::join!(late, in_time);
    assert!(late.is_err() && in_time.is_ok());
    assert_eq!(nats.bus().find_command(Uuid::new_v4(), None).await.unwrap().map(|it| it.position), None);
    stop.cancel();
    running.await.unwrap();
    assert_eq!(begun.load(Ordering::Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_stops_finishes_what_has_come_in_and_leaves_the_rest_to_others() {
    let server = nats().await;
    let (one, other) = (Instance::start(&server).await, Instance::start(&server).await);
    let bus = bus(&server).await;
    let (begun, stop) = (one.begun.clone(), one.stop.clone());
    let senders = (0..50).map(|_| {
        let bus = bus.clone();
        tokio::spawn(async move {
            let mut ids = BTreeSet::new();
            for _ in 0..40 {
                ids.insert(bus.command(&request()).await.unwrap().command_id);
            }
            ids.len()
        })
    });
    let senders: Vec<_> = senders.collect();
    eventually("it is at work", async || begun.load(Ordering::Relaxed) > 50).await;
    stop.cancel();
    let carried_out: usize = join_all(senders).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(carried_out, 2000);
    assert!(one.stop().await + other.stop().await >= 2000);
}
