//! Commands over the bus: those that wait together travel together, and each gets its own answer.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use annals_core::{
    Context, EventView, StreamId,
    bus::{Accepted, CommandLookup, CommandReply, CommandRequest, Expected, Failure},
};
use annals_nats::{Bus, Nats};
use annals_testkit::{TestNats, eventually, nats};
use async_nats::{HeaderMap, Request, Subscriber};
use futures_util::{FutureExt, StreamExt, future::join_all};
use serde_json::{Map, json, value::to_raw_value};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(2);

fn request() -> CommandRequest {
    let id = Uuid::new_v4();
    CommandRequest {
        id,
        stream: StreamId::new("lamp", Uuid::new_v4()),
        command: "light".into(),
        data: json!({}),
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: "test".into(),
            metadata: Map::new(),
            trace: None,
        },
        expected: Expected::Any,
        first_sending: true,
    }
}

/// What an instance answers: the event holds as many bytes as the command asks for.
fn accepted(request: CommandRequest) -> Accepted {
    let bytes = request.data["bytes"].as_u64().unwrap_or_default();
    let StreamId { category, id } = request.stream;
    let event = EventView {
        id: request.id,
        r#type: "Lit".into(),
        category: category.clone(),
        stream_id: id,
        version: 1,
        position: 1,
        place: 0,
        schema: 1,
        recorded_at: "2026-11-21T09:30:00Z".parse().unwrap(),
        correlation_id: request.id,
        causation_id: request.id,
        actor: "test".into(),
        metadata: Map::new(),
        data: to_raw_value(&"x".repeat(usize::try_from(bytes).unwrap())).unwrap(),
    };
    let (command_id, events) = (request.id, vec![event]);
    Accepted { command_id, category, id, version: 1, position: 1, events, replayed: false }
}

/// Carries out everything, but panics over what is called `panic`.
struct Instance {
    running: JoinHandle<()>,
    stop: CancellationToken,
    begun: Arc<AtomicUsize>,
}

impl Instance {
    async fn start(server: &TestNats) -> Self {
        let nats = Nats::connect(&server.url(), "instance").await.unwrap();
        let service = nats.serve_commands("annals-command").await.unwrap();
        assert!(nats.bus().present("annals-command").await, "the server knows what came before");
        let (stop, begun) = (CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
        let count = begun.clone();
        let answer = move |request: CommandRequest| {
            count.fetch_add(1, Ordering::Relaxed);
            async move {
                assert_ne!(request.command, "panic");
                CommandReply::Ok(accepted(request))
            }
        };
        let running = tokio::spawn(service.run(answer, stop.clone()));
        Self { running, stop, begun }
    }

    /// How many commands it has begun.
    async fn stop(self) -> usize {
        self.stop.cancel();
        self.running.await.unwrap();
        self.begun.load(Ordering::Relaxed)
    }
}

async fn bus(server: &TestNats) -> Bus {
    Nats::connect(&server.url(), "test").await.unwrap().bus()
}

/// Waits for the server, which then knows every subscription that was made before.
async fn answered(client: &async_nats::Client) {
    client.request("$JS.API.INFO", "".into()).await.unwrap();
}

/// Sees what is sent to instances.
async fn observer(server: &TestNats) -> Subscriber {
    let client = async_nats::connect(server.url()).await.unwrap();
    let observer = client.subscribe("commands.any").await.unwrap();
    answered(&client).await;
    observer
}

/// How many requests each message had that was sent so far.
fn lines(observer: &mut Subscriber) -> Vec<usize> {
    let mut lines = Vec::new();
    while let Some(Some(message)) = observer.next().now_or_never() {
        lines.push(message.payload.iter().filter(|byte| **byte == b'\n').count());
    }
    lines
}

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
async fn commands_that_wait_together_travel_in_one_message() {
    let server = nats().await;
    let (instance, bus) = (Instance::start(&server).await, bus(&server).await);
    bus.command(&request()).await.unwrap(); // it has begun to send
    let mut observer = observer(&server).await;

    let senders = (0..200).map(|_| {
        let (bus, request) = (bus.clone(), request());
        tokio::spawn(async move {
            let reply = bus.command(&request).await.unwrap();
            assert_eq!(reply.command_id, request.id, "each gets its own answer");
        })
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.unwrap();
    }
    let mut seen = Vec::new();
    eventually("all were seen", async || {
        seen.extend(lines(&mut observer));
        seen.iter().sum::<usize>() == 200
    })
    .await;
    // Also on a runtime that lets the sending task run as soon as it has something to send.
    assert!(seen.len() <= 40, "{seen:?}");
    assert_eq!(instance.stop().await, 201);
}

#[tokio::test]
async fn a_command_alone_goes_at_once() {
    let server = nats().await;
    let (_instance, bus) = (Instance::start(&server).await, bus(&server).await);
    let mut observer = observer(&server).await;
    let one_after_the_other = async {
        for _ in 0..20 {
            bus.command(&request()).await.unwrap();
        }
    };
    timeout(SOON, one_after_the_other).await.expect("it waits for no other one");
    let mut seen = Vec::new();
    eventually("all were seen", async || {
        seen.extend(lines(&mut observer));
        seen.len() == 20
    })
    .await;
    assert!(seen.iter().all(|lines| *lines == 1), "{seen:?}");
}

#[tokio::test]
async fn requests_and_answers_of_any_size_arrive() {
    const KIB: usize = 1024;
    let server = nats().await;
    let (_instance, bus) = (Instance::start(&server).await, bus(&server).await);
    let of = |request_kib: usize, answer_kib: usize| CommandRequest {
        data: json!({ "text": "x".repeat(request_kib * KIB), "bytes": answer_kib * KIB }),
        ..request()
    };
    let sizes = [0, 1, 100, 250, 500, 700, 900];
    let requests: Vec<_> = (0..28).map(|n| of(sizes[n % 7], sizes[n / 7 * 2])).collect();
    let replies = join_all(requests.iter().map(|request| bus.command(request))).await;
    for (request, reply) in requests.iter().zip(replies) {
        let reply = reply.unwrap();
        assert_eq!(reply.command_id, request.id);
        let bytes = reply.events[0].data.get().len() - 2;
        assert_eq!(bytes, usize::try_from(request.data["bytes"].as_u64().unwrap()).unwrap());
    }

    // More than the server takes in one message.
    let (too_large, other) = (of(1100, 0), request());
    let both = timeout(SOON, async { tokio::join!(bus.command(&too_large), bus.command(&other)) });
    let (too_large, other) = both.await.expect("it is said at once");
    assert!(matches!(too_large, Err(Failure::Unavailable { .. })), "{too_large:?}");
    assert!(other.is_ok(), "{other:?}");
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
