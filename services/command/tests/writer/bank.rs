//! Writers on logs of all kinds, and the accounts that they keep.

use std::sync::Arc;

use annals_command::{Executor, Running};
use annals_core::{
    Category, Context, StreamId,
    bus::{CommandReply, CommandRequest, Expected},
    log::{Entry, EntryReader, Head, Log, StoredCommit},
};
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// Small: some tests want states to be put out of memory.
const CACHE_BYTES: usize = 64 * 1024;

/// A writer with a state store of its own.
pub struct Service<L: Log> {
    pub executor: Executor<L>,
    running: Running,
    pub log: L,
    pub state: Arc<TempDir>,
}

impl<L: Log> Service<L> {
    pub async fn on(log: L) -> Self {
        Self::with(log, Arc::new(TempDir::new().unwrap())).await
    }

    pub async fn with(log: L, state: Arc<TempDir>) -> Self {
        let catalog = annals_domains::catalog();
        let started = Executor::start(log.clone(), catalog, state.path(), CACHE_BYTES).await;
        let (executor, running) = started.unwrap();
        Self { executor, running, log, state }
    }

    pub async fn send(&self, command: CommandRequest) -> CommandReply {
        self.executor.execute(command).await
    }

    /// Stops, as a service does, and starts again on the same store.
    pub async fn restart(self) -> Self {
        let Self { executor, mut running, log, state } = self;
        drop(executor);
        running.finish().await.unwrap();
        Self::with(log, state).await
    }

    pub async fn stop(mut self) -> Arc<TempDir> {
        drop(self.executor);
        self.running.finish().await.unwrap();
        self.state
    }
}

/// A command with an id that was drawn for it.
pub fn command(account: Uuid, command: &str, data: Value) -> CommandRequest {
    let id = Uuid::now_v7();
    CommandRequest {
        id,
        stream: StreamId::new("account", account),
        command: command.into(),
        data,
        context: Context {
            correlation_id: id,
            causation_id: id,
            actor: "anonymous".into(),
            metadata: Map::new(),
            trace: None,
        },
        expected: Expected::Any,
        first_sending: true,
    }
}

pub fn open(account: Uuid) -> CommandRequest {
    command(account, "open", json!({ "owner_email": "ada@example.com" }))
}

pub fn deposit(account: Uuid, amount: u64) -> CommandRequest {
    command(account, "deposit", json!({ "amount": amount }))
}

pub fn withdraw(account: Uuid, amount: u64) -> CommandRequest {
    command(account, "withdraw", json!({ "amount": amount }))
}

/// The same command, as it is sent when no answer came.
pub fn again(command: &CommandRequest) -> CommandRequest {
    CommandRequest { first_sending: false, ..command.clone() }
}

/// Everything that the log holds, the chain checked.
pub async fn entries<L: Log>(log: &L) -> Vec<Arc<Entry>> {
    let end = log.end().await.unwrap();
    if end == 0 {
        return Vec::new();
    }
    let head = Head::start(log.id());
    let mut reader = EntryReader::new(log.tail("test", 0).await.unwrap(), head);
    let mut entries = Vec::new();
    while reader.checkpoint().position < end {
        let reads = reader.next(usize::MAX, |_| ()).await.unwrap();
        entries.extend(reads.into_iter().filter_map(|read| read.entry));
    }
    entries
}

/// The commits of one stream, which follow each other without gaps.
pub async fn stream<L: Log>(log: &L, stream: &StreamId) -> Vec<StoredCommit> {
    let all = entries(log).await;
    let commits: Vec<_> = all
        .iter()
        .flat_map(|entry| &entry.commits)
        .filter(|it| it.commit.stream == *stream)
        .cloned()
        .collect();
    let versions: Vec<_> = commits.iter().flat_map(|it| &it.commit.events).map(|it| it.version).collect();
    assert_eq!(versions, (1..=versions.len() as u64).collect::<Vec<_>>(), "{stream} has gaps");
    commits
}

/// The account's balance, folded from the log.
pub async fn balance<L: Log>(log: &L, account: Uuid) -> i64 {
    let category = Category::of::<annals_domains::account::Account>();
    let commits = stream(log, &StreamId::new("account", account)).await;
    let state = commits.iter().try_fold(category.blank(), |state, it| category.fold(state, it)).unwrap();
    category.show(&state)["balance"].as_i64().unwrap_or_default()
}
