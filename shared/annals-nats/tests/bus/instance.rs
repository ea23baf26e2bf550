//! An instance that takes commands, and what is sent to it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use annals_core::{
    Context, EventView, StreamId,
    bus::{Accepted, CommandReply, CommandRequest, Expected},
};
use annals_nats::{Bus, Nats};
use annals_testkit::TestNats;
use serde_json::{Map, json, value::to_raw_value};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub fn request() -> CommandRequest {
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
pub struct Instance {
    running: JoinHandle<()>,
    pub stop: CancellationToken,
    pub begun: Arc<AtomicUsize>,
}

impl Instance {
    pub async fn start(server: &TestNats) -> Self {
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
    pub async fn stop(self) -> usize {
        self.stop.cancel();
        self.running.await.unwrap();
        self.begun.load(Ordering::Relaxed)
    }
}

pub async fn bus(server: &TestNats) -> Bus {
    Nats::connect(&server.url(), "test").await.unwrap().bus()
}

/// Waits for the server, which then knows every subscription that was made before.
pub async fn answered(client: &async_nats::Client) {
    client.request("$JS.API.INFO", "".into()).await.unwrap();
}
