//! Requests that travel together, and alone.

use std::time::Duration;

use annals_core::bus::{CommandRequest, Failure};
use annals_testkit::{TestNats, eventually, nats};
use async_nats::Subscriber;
use futures_util::{FutureExt, StreamExt, future::join_all};
use serde_json::json;
use tokio::time::timeout;

use crate::instance::{Instance, answered, bus, request};

const SOON: Duration = Duration::from_secs(2);

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
        lines.push(message.payload.split(|byte| *byte == b'\n').count() - 1);
    }
    lines
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
