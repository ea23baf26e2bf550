//! Questions over the bus whose answers do not come, or not from the first who is asked.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{sync::Arc, time::Duration};

use annals_core::{
    Context, StreamId,
    bus::{Accepted, CommandReply, CommandRequest, Expected, Failure},
};
use annals_nats::Nats;
use annals_testkit::{TestNats, eventually, nats};
use async_nats::{HeaderMap, Request};
use futures_util::StreamExt;
use serde_json::{Map, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

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
        caused_at: None,
    }
}

/// An instance that carries out everything, but panics over what is called `panic`.
async fn instance(server: &TestNats) -> (JoinHandle<()>, CancellationToken) {
    let nats = Nats::connect(&server.url(), "instance").await.unwrap();
    let service = nats.serve("annals-command").await.unwrap().commands().await.unwrap();
    let stop = CancellationToken::new();
    let answer = async |_: Arc<str>, request: CommandRequest| -> CommandReply {
        assert_ne!(request.command, "panic");
        Ok(Accepted {
            command_id: request.id,
            category: request.stream.category,
            id: request.stream.id,
            version: 1,
            position: 1,
            events: Vec::new(),
            replayed: false,
        })
    };
    let running = service.run(move |name, request| Box::pin(answer(name, request)), stop.clone());
    let running = tokio::spawn(running);
    let bus = nats.bus();
    eventually("the instance is there", async || bus.present("annals-command").await).await;
    (running, stop)
}

#[tokio::test]
async fn a_command_whose_instance_has_died_is_given_to_another() {
    let server = nats().await;
    let dying = async_nats::connect(server.url()).await.unwrap();
    let mut taken = dying.queue_subscribe("commands.*.*", "q".into()).await.unwrap();
    dying.flush().await.unwrap();

    let bus = Nats::connect(&server.url(), "test").await.unwrap().bus();
    let request = request();
    let id = request.id;
    let asking = tokio::spawn(async move { bus.command(&request).await });
    assert!(taken.next().await.is_some(), "one has it, and says nothing");
    drop(taken);
    let (running, stop) = instance(&server).await;

    assert_eq!(asking.await.unwrap().unwrap().command_id, id);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn without_an_instance_nothing_was_done_and_that_is_said_at_once() {
    let server = nats().await;
    let bus = Nats::connect(&server.url(), "test").await.unwrap().bus();
    let asked = tokio::time::timeout(Duration::from_secs(2), bus.command(&request())).await;
    assert!(matches!(asked.unwrap(), Err(Failure::Unavailable { .. })));
}

#[tokio::test]
async fn a_panic_is_a_defect_that_is_answered() {
    let server = nats().await;
    let (running, stop) = instance(&server).await;
    let bus = Nats::connect(&server.url(), "test").await.unwrap().bus();
    let panic = CommandRequest { command: "panic".into(), ..request() };
    assert!(matches!(bus.command(&panic).await, Err(Failure::InternalError { .. })));
    assert!(bus.command(&request()).await.is_ok(), "it goes on");
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_not_begun() {
    let server = nats().await;
    let (running, stop) = instance(&server).await;
    let client = async_nats::connect(server.url()).await.unwrap();
    let payload = serde_json::to_vec(&request()).unwrap();
    let ask = async |deadline: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("Annals-Deadline", deadline);
        let request = Request::new().payload(payload.clone().into()).headers(headers);
        client.send_request("commands.lamp.x", request.timeout(Some(Duration::from_secs(1)))).await
    };
    assert!(ask("1").await.is_err(), "it is decades late");
    assert!(ask("99999999999999999").await.is_ok());
    stop.cancel();
    running.await.unwrap();
}
