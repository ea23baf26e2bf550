//! A log, a place for views, and a projector in between.

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_core::{
    Catalog, Commit, Context, Decided, Fingerprint, Position, StreamId,
    bus::{Failure, Query, ViewRequest, ViewState, ViewStatus},
    log::{Draft, EntryBody, Head, Log},
};
use annals_nats::{JetStreamLog, Nats};
use annals_projector::{Config, Timing, run_with};
use annals_testkit::{TestNats, eventually, eventually_within};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json, value::to_raw_value};
use tempfile::TempDir;
use tokio::{sync::Mutex, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::instrument::WithSubscriber;
use uuid::Uuid;

use crate::outsider::Outsider;

/// A hundred times as fast as in real life.
pub const QUICK: Timing = Timing {
    quiet: Duration::from_millis(300),
    retry: Duration::from_millis(10),
    max_retry: Duration::from_millis(160),
};

/// A server, a client of it, and a directory that is gone after the test.
pub struct House {
    pub server: TestNats,
    pub nats: Nats,
    pub root: TempDir,
    writer: Mutex<Writer>,
}

/// Writes the log.
struct Writer {
    log: JetStreamLog,
    head: Head,
    /// The last message on the subject of the chain.
    last: Position,
}

/// A running projector.
pub struct Projector {
    stop: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
    said: Arc<Said>,
}

/// What it logs while it starts.
#[derive(Default)]
struct Said(std::sync::Mutex<Vec<u8>>);

impl io::Write for &Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Deserialize, PartialEq)]
pub struct Row {
    pub id: Uuid,
    pub name: String,
    pub times: u64,
}

#[derive(Deserialize)]
struct Rows {
    rows: Vec<Row>,
}

impl House {
    pub async fn new() -> Self {
        let server = annals_testkit::nats().await;
        let nats = Nats::connect(&server.url(), "test").await.unwrap();
        let writer = Mutex::new(Writer::new(&nats).await);
        Self { server, nats, root: TempDir::new().unwrap(), writer }
    }

    /// The stream is gone, and another log begins.
    pub async fn begin_another_log(&self) {
        let mut outsider = Outsider::on(&self.server).await;
        let deleted = outsider.ask("$JS.API.STREAM.DELETE.EVENTS", "").await;
        assert_eq!(deleted["success"], true, "{deleted}");
        *self.writer.lock().await = Writer::new(&self.nats).await;
    }

    pub fn views(&self) -> PathBuf {
        self.root.path().join("views")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.views().join(name)
    }

    /// The name of the projector's consumer.
    pub fn durable(&self) -> String {
        format!("projector-{}", fs::read_to_string(self.file("copy")).unwrap())
    }

    pub fn start(&self, catalog: Catalog) -> Projector {
        Projector::start(&self.server, self.views(), catalog, QUICK)
    }

    /// An entry of these commits.
    pub async fn append_entry(&self, commits: &[Commit]) -> Position {
        let mut body = EntryBody::new();
        body.push(commits).unwrap().expect("an entry has room for a few");
        self.append_body(&body.finish()).await
    }

    /// An entry with that body, whatever it is.
    pub async fn append_body(&self, body: &[u8]) -> Position {
        self.writer.lock().await.append(body).await
    }

    /// A message that is no entry.
    pub async fn append_foreign(&self, subject: &str, body: &str) -> Position {
        let mut outsider = Outsider::on(&self.server).await;
        let position = outsider.ask(subject, body).await["seq"].as_u64().unwrap();
        if subject == "events.main" {
            self.writer.lock().await.last = position;
        }
        position
    }

    /// An entry of one event.
    pub async fn append_event(&self, category: &str, kind: &str, data: Value) -> Position {
        self.append_entry(&[commit(category, kind, &data)]).await
    }

    /// Something of the category gets a name.
    pub async fn append(&self, category: &str, name: &str) -> Position {
        self.append_event(category, "Named", json!({ "name": name })).await
    }

    /// As many things as that, named by their number.
    pub async fn append_things(&self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.append("thing", &thing(number)).await;
        }
    }

    pub async fn rows(&self, view: &str, min_position: Option<Position>) -> Result<Vec<Row>, Failure> {
        let query = Query::Rows { filters: vec![], limit: 500, cursor: None };
        let request = ViewRequest { query, min_position, wait_ms: 10_000 };
        let answer = self.nats.bus().view(view, &request).await?;
        Ok(serde_json::from_str::<Rows>(answer.body.get()).unwrap().rows)
    }

    pub async fn status(&self, view: &str) -> Result<ViewStatus, Failure> {
        let request = ViewRequest { query: Query::Status, min_position: None, wait_ms: 0 };
        let answer = self.nats.bus().view(view, &request).await?;
        Ok(serde_json::from_str(answer.body.get()).unwrap())
    }

    pub async fn is(&self, view: &str, state: ViewState) {
        let what = format!("{view} is {state:?}");
        eventually(&what, async || self.status(view).await.is_ok_and(|status| status.state == state)).await;
    }

    /// The log's end, if the server is there.
    pub async fn end(&self) -> Option<Position> {
        let log = self.writer.lock().await.log.clone();
        log.end().await.ok()
    }

    /// The projector answers.
    pub async fn answers(&self) {
        eventually("it answers", async || self.status("things").await.is_ok()).await;
    }

    /// The view has exactly the first `count` things, each applied once.
    pub async fn has_things(&self, count: usize) {
        let names: Vec<_> = (0..count).map(thing).collect();
        let complete = async || {
            let end = self.end().await?;
            let rows = self.rows("things", Some(end)).await.ok()?;
            rows.iter().map(|row| &row.name).eq(&names).then_some(rows)
        };
        let rows = eventually_within(Duration::from_secs(30), "every thing is there", complete).await;
        let doubled: Vec<_> = rows.iter().filter(|row| row.times != 1).collect();
        assert!(doubled.is_empty(), "applied more than once: {doubled:?}");
    }
}

impl Writer {
    async fn new(nats: &Nats) -> Self {
        let log = nats.log(nats.prepare().await.unwrap());
        Self { head: Head::start(log.id()), last: 0, log }
    }

    /// Appends an entry, however often the server is away meanwhile.
    async fn append(&mut self, body: &[u8]) -> Position {
        let mut draft = Draft::new(Uuid::now_v7(), self.head, EntryBody::new());
        draft.hash = self.head.hash.after(body);
        draft.body = body.to_vec().into();
        let stored = eventually_within(Duration::from_secs(30), "an entry is stored", async || {
            if let Ok(position) = self.log.append(&draft, self.last).await {
                return Some(position);
            }
            let later = self.log.read(self.last, 10).await.ok()?;
            later.iter().find(|message| message.is(&draft)).map(|message| message.position)
        });
        self.last = stored.await;
        self.head = draft.head(self.last);
        self.last
    }
}

/// A commit of one event on a new aggregate.
pub fn commit(category: &str, kind: &str, data: &Value) -> Commit {
    let id = Uuid::now_v7();
    let decided = Decided { kind: kind.into(), schema: 1, data: to_raw_value(data).unwrap() };
    Commit {
        id,
        stream: StreamId::new(category, Uuid::now_v7()),
        recorded_at: Timestamp::now(),
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: "test".into(),
            metadata: Map::new(),
            trace: None,
        },
        fingerprint: Fingerprint::of("name", &json!({})),
        events: Commit::number(id, 0, 0, vec![decided]),
    }
}

/// Something of the category gets a name.
pub fn named(category: &str, name: &str) -> Commit {
    commit(category, "Named", &json!({ "name": name }))
}

/// In the order of their numbers.
pub fn thing(number: usize) -> String {
    format!("thing {number:04}")
}

impl Projector {
    pub fn start(server: &TestNats, views: PathBuf, catalog: Catalog, timing: Timing) -> Self {
        let (stop, said) = (CancellationToken::new(), Arc::<Said>::default());
        let config = Config {
            nats: NatsArgs { nats: server.url(), nats_monitor: None },
            health: HealthArgs { health: Some("127.0.0.1:0".parse().unwrap()) },
            views,
            only: vec![],
        };
        let log = tracing_subscriber::fmt().with_ansi(false).with_writer(said.clone()).finish();
        let task = tokio::spawn(run_with(timing, config, catalog, stop.clone()).with_subscriber(log));
        Self { stop, task, said }
    }

    /// Waits until it ends by itself, and says why.
    pub async fn refusal(self) -> String {
        format!("{:#}", self.task.await.unwrap().unwrap_err())
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }

    pub fn said(&self) -> String {
        String::from_utf8(self.said.0.lock().unwrap().clone()).unwrap()
    }

    /// What `/readyz` says.
    pub async fn ready(&self) -> (u16, Value) {
        let answer = self.health("readyz").await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// What `/metrics` says.
    pub async fn metrics(&self) -> String {
        self.health("metrics").await.text().await.unwrap()
    }

    async fn health(&self, path: &str) -> reqwest::Response {
        let address = eventually("it says where its health is", async || {
            let said = self.said();
            let (_, after) = said.split_once("health on ")?;
            Some(after.split_whitespace().next()?.to_owned())
        })
        .await;
        reqwest::get(address.replace("readyz", path)).await.unwrap()
    }
}
