//! Stands in for the command service: decides, appends, knows a repeat by its id. It can hold commands back, and fail.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use annals_core::{
    Catalog, Commit, Context, Decided, EventView, Fingerprint, Rejection, StoredCommit, StreamId,
    bus::{Accepted, CommandLookup, CommandReply, CommandRequest, Failure},
    log::{Draft, EntryBody, Log, LogError},
};
use annals_nats::{JetStreamLog, Nats};
use jiff::Timestamp;
use serde_json::{Map, Value, json, value::to_raw_value};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::history::History;

/// Clones are the same service.
#[derive(Clone)]
pub struct Commands {
    catalog: Catalog,
    log: JetStreamLog,
    /// Commands are decided one after the other.
    history: Arc<Mutex<History>>,
    /// The name of the command that is held back.
    held: Arc<watch::Sender<Option<&'static str>>>,
    received: Arc<AtomicUsize>,
    /// The answers to the next ones.
    failures: Arc<std::sync::Mutex<VecDeque<Failure>>>,
}

impl Commands {
    pub async fn serve(nats: &Nats, log: JetStreamLog, catalog: Catalog) -> Self {
        let (held, _) = watch::channel(None);
        let history = Arc::new(Mutex::new(History::new(log.clone())));
        let (received, failures, held) = (Arc::default(), Arc::default(), Arc::new(held));
        let commands = Self { catalog, log, history, held, received, failures };
        let service = nats.serve_commands("annals-command").await.unwrap();
        let answering = commands.clone();
        let answer = move |request: CommandRequest| answering.clone().answer(request);
        tokio::spawn(service.run(answer, CancellationToken::new()));

        let lookups = nats.serve("annals-command").await.unwrap().stored_commands().await.unwrap();
        let answering = commands.clone();
        let answer = move |_: Arc<str>, lookup: CommandLookup| {
            let commands = answering.clone();
            async move { commands.find(lookup.id).await }
        };
        tokio::spawn(lookups.run(answer, CancellationToken::new()));
        commands
    }

    async fn answer(self, request: CommandRequest) -> CommandReply {
        self.received.fetch_add(1, Ordering::SeqCst);
        let mut held = self.held.subscribe();
        held.wait_for(|held| *held != Some(&request.command)).await.unwrap();
        let failure = self.failures.lock().unwrap().pop_front();
        match failure {
            Some(failure) => Err(failure),
            None => self.decide(request).await,
        }
    }

    async fn find(&self, id: Uuid) -> Result<Option<Accepted>, Failure> {
        let mut history = self.history.lock().await;
        history.catch_up().await.map_err(unavailable)?;
        Ok(history.commits.iter().find(|stored| stored.commit.id == id).map(|ours| accepted(ours, true)))
    }

    /// Holds this command back, from now on; none: none any longer.
    pub fn hold(&self, command: Option<&'static str>) {
        self.held.send_replace(command);
    }

    /// Answers the next ones like this, one each.
    pub fn fail(&self, failures: impl IntoIterator<Item = Failure>) {
        self.failures.lock().unwrap().extend(failures);
    }

    /// How many commands have come over the bus.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::SeqCst)
    }

    pub async fn decide(&self, request: CommandRequest) -> CommandReply {
        let mut history = self.history.lock().await;
        history.catch_up().await.map_err(unavailable)?;
        if let Some(ours) = history.commits.iter().find(|stored| stored.commit.id == request.id) {
            return Ok(accepted(ours, true));
        }
        let category = self.catalog.category(&request.stream.category).ok_or(Failure::UnknownCategory)?;
        let (mut state, mut last) = (category.blank(), None);
        for stored in history.commits.iter().filter(|stored| stored.commit.stream == request.stream) {
            state = category.fold(state, stored).unwrap();
            last = Some(stored);
        }
        let decided = match category.decide(request.stream.id, &state, &request.command, &request.data) {
            Ok(decided) => decided,
            Err(Rejection::Refused(refused)) => return Err(Failure::Refused(refused)),
            Err(other) => panic!("{other:?}"),
        };
        if decided.is_empty() {
            return Ok(Accepted { events: vec![], ..accepted(last.unwrap(), false) });
        }
        let commit = Commit {
            id: request.id,
            stream: request.stream.clone(),
            recorded_at: Timestamp::now(),
            context: request.context,
            fingerprint: Fingerprint::of(&request.command, &request.data),
            events: Commit::number(request.id, last.map_or(0, |it| it.commit.version()), 0, decided),
        };
        let stored = self.store(&mut history, commit).await?;
        Ok(accepted(&stored, false))
    }

    /// Stores an event that the rules would not make.
    pub async fn append(&self, stream: &StreamId, kind: &str, data: Value) -> StoredCommit {
        let mut history = self.history.lock().await;
        history.catch_up().await.unwrap();
        let before = history.commits.iter().rfind(|stored| stored.commit.stream == *stream);
        let (id, after) = (Uuid::new_v4(), before.map_or(0, |it| it.commit.version()));
        let decided = Decided { kind: kind.into(), schema: 1, data: to_raw_value(&data).unwrap() };
        let context = Context {
            correlation_id: id,
            causation_id: id,
            actor: "test".into(),
            metadata: Map::new(),
            trace: None,
        };
        let commit = Commit {
            id,
            stream: stream.clone(),
            recorded_at: Timestamp::now(),
            context,
            fingerprint: Fingerprint::of("test", &json!({})),
            events: Commit::number(id, after, 0, vec![decided]),
        };
        self.store(&mut history, commit).await.unwrap()
    }

    async fn store(&self, history: &mut History, commit: Commit) -> Result<StoredCommit, Failure> {
        let id = commit.id;
        let mut body = EntryBody::new();
        body.push(&[commit]).unwrap().unwrap();
        let draft = Draft::new(Uuid::new_v4(), history.head(), body);
        let appended = self.log.append(&draft, history.last).await;
        history.catch_up().await.map_err(unavailable)?;
        let stored = history.commits.iter().rfind(|stored| stored.commit.id == id);
        stored.cloned().ok_or_else(|| Failure::Unavailable { detail: format!("{appended:?}") })
    }
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` gives it
fn unavailable(error: LogError) -> Failure {
    Failure::Unavailable { detail: error.to_string() }
}

fn accepted(stored: &StoredCommit, replayed: bool) -> Accepted {
    Accepted {
        command_id: stored.commit.id,
        category: stored.commit.stream.category.clone(),
        id: stored.commit.stream.id,
        version: stored.commit.version(),
        position: stored.position,
        events: EventView::all(stored),
        replayed,
    }
}
