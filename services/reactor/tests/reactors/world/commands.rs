//! Stands in for the command service: decides, appends, knows a repeat by its id. It can be told to
//! keep everybody waiting, or to fail.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use annals_core::{
    Catalog, Commit, EventView, Fingerprint, Rejection, StoredCommit,
    bus::{Accepted, CommandReply, CommandRequest, Failure},
};
use annals_nats::{Appended, JetStreamLog, Log, LogError, Nats};
use jiff::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// Clones are the same service.
#[derive(Clone)]
pub struct Commands {
    catalog: Catalog,
    log: JetStreamLog,
    /// Commands are decided one after the other.
    turn: Arc<Mutex<()>>,
    /// The name of the command that is kept waiting.
    held: Arc<watch::Sender<Option<&'static str>>>,
    received: Arc<AtomicUsize>,
    /// What the next ones are answered.
    failures: Arc<std::sync::Mutex<VecDeque<Failure>>>,
}

impl Commands {
    pub async fn serve(nats: &Nats, catalog: Catalog) -> Self {
        let (held, _) = watch::channel(None);
        let (log, held) = (nats.log(), Arc::new(held));
        let (turn, received, failures) = (Arc::default(), Arc::default(), Arc::default());
        let commands = Self { catalog, log, turn, held, received, failures };
        let service = nats.serve("annals-command").await.unwrap().commands().await.unwrap();
        let answering = commands.clone();
        let answer = move |_: Arc<str>, request: CommandRequest| {
            let commands = answering.clone();
            async move {
                commands.received.fetch_add(1, Ordering::SeqCst);
                let mut held = commands.held.subscribe();
                held.wait_for(|held| *held != Some(&request.command)).await.unwrap();
                let failure = commands.failures.lock().unwrap().pop_front();
                match failure {
                    Some(failure) => Err(failure),
                    None => commands.decide(request).await,
                }
            }
        };
        tokio::spawn(service.run(answer, CancellationToken::new()));
        commands
    }

    /// Keeps everybody waiting who gives this command; none: nobody any longer.
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
        let _turn = self.turn.lock().await;
        let unavailable = |error: LogError| Failure::Unavailable { detail: error.to_string() };
        let commits = self.log.read_latest(&request.stream, 0).await.map_err(unavailable)?;
        if let Some(ours) = commits.iter().find(|stored| stored.commit.id == request.id) {
            return Ok(accepted(ours, true));
        }
        let category = self.catalog.category(&request.stream.category).ok_or(Failure::UnknownCategory)?;
        let mut state = category.blank();
        for stored in &commits {
            state = category.fold(state, stored).unwrap();
        }
        let decided = match category.decide(request.stream.id, &state, &request.command, &request.data) {
            Ok(decided) => decided,
            Err(Rejection::Refused(refused)) => return Err(Failure::Refused(refused)),
            Err(other) => panic!("{other:?}"),
        };
        let last = commits.last();
        if decided.is_empty() {
            return Ok(Accepted { events: vec![], ..accepted(last.unwrap(), false) });
        }
        let commit = Commit {
            id: request.id,
            stream: request.stream.clone(),
            recorded_at: Timestamp::now(),
            context: request.context,
            fingerprint: Fingerprint::of(&request.command, &request.data),
            previous_hash: None,
            events: Commit::place(request.id, last.map_or(0, |it| it.commit.version()), decided),
        };
        match self.log.append(&commit, last.map_or(0, |it| it.position)).await.map_err(unavailable)? {
            Appended::Stored(stored) => Ok(accepted(&stored, false)),
            Appended::Overtaken(_) => Err(Failure::Conflict),
        }
    }
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
