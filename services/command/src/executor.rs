//! The way to the writer: commands are read and checked here, in parallel, before they wait for it.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use annals_core::{
    Catalog, Category, Fingerprint, TraceParent,
    bus::{Accepted, CommandLookup, CommandReply, CommandRequest, Failure},
    log::{Checkpoint, Log},
};
use annals_sqlite::StateStore;
use anyhow::Context;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_blocking},
    time::{Instant, timeout},
};
use tracing::{info, warn};
use uuid::Uuid;

use crate::{
    answer::{accepted, stored, unchanged},
    condition::Health,
    decide::rejected,
    pending::{Asks, Command, Pending, Verdict},
    states::States,
    store::{StoreEnded, WriteBehind},
    telemetry,
    writer::Writer,
};

/// Carries out commands on one log. Cheap to clone; the writer ends with the last clone.
#[derive(Clone)]
pub struct Executor<L> {
    log: L,
    catalog: Catalog,
    queue: mpsc::Sender<Pending>,
    in_flight: InFlight,
}

/// The commands that are being carried out, and how often each.
#[derive(Clone, Default)]
struct InFlight(Arc<Mutex<HashMap<Uuid, usize>>>);

/// One of them.
struct Guard {
    in_flight: InFlight,
    id: Uuid,
}

/// Bytes of aggregates that are kept in memory unless something else is said: a million small ones.
pub(crate) const CACHE_BYTES: usize = 512 * 1024 * 1024;

/// Commands that wait for the writer. More wait in their own tasks, which are bounded by bytes.
const QUEUE: usize = 4096;

/// How long a command may take before its sender does not wait for it any more.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(12);

/// How long a repeat waits for the first one.
const REPEAT_TIMEOUT: Duration = Duration::from_secs(5);

impl<L: Log> Executor<L> {
    /// Opens the state store in a directory below `state`, folds what the log has beyond it, and begins to write.
    /// `budget`: bytes of aggregates to keep in memory.
    ///
    /// # Errors
    /// When the store cannot be opened, or the log cannot be read or folded.
    pub async fn start(
        log: L,
        catalog: Catalog,
        state: &Path,
        budget: usize,
    ) -> anyhow::Result<(Self, Running)> {
        Self::start_with(log, catalog, state, budget, Arc::default()).await
    }

    pub(crate) async fn start_with(
        log: L,
        catalog: Catalog,
        state: &Path,
        budget: usize,
        health: Arc<Health>,
    ) -> anyhow::Result<(Self, Running)> {
        let begun = Instant::now();
        let (checkpoint, states) = open(&log, &catalog, state, budget, &health).await?;
        let mut writer = Writer::new(log.clone(), states, checkpoint.head, health);
        if let Err(error) = writer.fold_log().await {
            writer.states.finish().await; // the next try finds its directory free
            return Err(error.into());
        }
        let (position, ms) = (writer.chain.head().position, begun.elapsed().as_secs_f64() * 1000.0);
        info!(position, ms, "the log is folded, from position {} on", checkpoint.head.position);
        let (queue, pending) = mpsc::channel(QUEUE);
        let running = Running(tokio::spawn(writer.run(pending)));
        Ok((Self { log, catalog, queue, in_flight: InFlight::default() }, running))
    }

    /// Carries out a command, once, however often it is sent.
    ///
    /// # Errors
    /// Why it was not carried out.
    pub async fn execute(&self, mut request: CommandRequest) -> CommandReply {
        let started = Instant::now();
        request.context.trace = request.context.trace.map(|trace: TraceParent| trace.child(rand::random()));
        let request = Arc::new(request);
        let reply = self.attempt(&request).await;
        telemetry::record_command(&request, &reply, started.elapsed());
        reply
    }

    async fn attempt(&self, request: &Arc<CommandRequest>) -> CommandReply {
        let category = self.catalog.category(&request.stream.category).ok_or(Failure::UnknownCategory)?;
        let parsed = category.parse(&request.command, &request.data).map_err(rejected)?;
        let (guard, repeats) = self.in_flight.enter(request.id);
        let command = Command::new(request.clone(), category.name, parsed);
        let (wait, late) = if repeats {
            (REPEAT_TIMEOUT, Failure::CommandInFlight)
        } else {
            (COMMAND_TIMEOUT, Failure::OutcomeUnknown)
        };
        let asked = self.ask(Asks::Command(Box::new(command)));
        let verdict = timeout(wait, asked).await.unwrap_or(Err(late))?;
        drop(guard);
        match verdict {
            Verdict::Stored(commit) => Ok(accepted(&commit)),
            Verdict::Repeated(position) => stored(&self.log, request.id, position).await,
            Verdict::Unchanged { version, position } => Ok(unchanged(request, version, position)),
            Verdict::Failed(failure) => Err(failure),
            Verdict::Absent => {
                Err(Failure::InternalError { detail: "a command was taken for a question".into() })
            }
        }
    }

    /// What the command of that id stored, if it stored something, however long ago.
    ///
    /// # Errors
    /// [`Failure::IdempotencyKeyReused`] if its fingerprint is another one; why it cannot be said.
    pub async fn find(&self, lookup: CommandLookup) -> Result<Option<Accepted>, Failure> {
        let CommandLookup { id, fingerprint } = lookup;
        let asked = timeout(REPEAT_TIMEOUT, self.ask(Asks::Find(id, fingerprint))).await;
        match asked.map_err(|_| unavailable("the log does not answer"))?? {
            Verdict::Repeated(position) => stored(&self.log, id, position).await.map(Some),
            Verdict::Failed(failure) => Err(failure),
            Verdict::Absent | Verdict::Stored(_) | Verdict::Unchanged { .. } => Ok(None),
        }
    }

    async fn ask(&self, asks: Asks) -> Result<Verdict, Failure> {
        let (pending, verdict) = Pending::new(asks);
        self.queue.send(pending).await.map_err(|_| unavailable("the writer has stopped"))?;
        verdict.await.map_err(|_| unavailable("the writer has stopped"))
    }
}

/// The writer at work.
pub struct Running(JoinHandle<Result<(), StoreEnded>>);

impl Running {
    /// Waits until everything is written. All executors have to be dropped before; if it ends earlier, it has failed.
    ///
    /// # Errors
    /// Why it has failed.
    pub async fn finish(&mut self) -> anyhow::Result<()> {
        Ok((&mut self.0).await.context("the writer has failed")??)
    }
}

/// The states as the store has them, if it is of this log.
async fn open<L: Log>(
    log: &L,
    catalog: &Catalog,
    directory: &Path,
    budget: usize,
    health: &Arc<Health>,
) -> anyhow::Result<(Checkpoint, States)> {
    let (id, directory) = (log.id(), directory.to_owned());
    let revisions = catalog.categories().map(|it| (it.name.to_owned(), revision(it))).collect();
    let opened = spawn_blocking(move || StateStore::open(&directory, id, &revisions)).await?;
    let (reader, mut writer) = opened.context("the state store cannot be opened")?;
    let mut checkpoint = reader.head()?;
    if !is_of_log(log, checkpoint).await? {
        warn!(position = checkpoint.position, "the state store is of another log: folding anew");
        writer.clear()?;
        checkpoint = Checkpoint::start(id);
    }
    let store = WriteBehind::start(writer, catalog.clone(), health.clone());
    let is_empty = checkpoint.position == 0;
    Ok((checkpoint, States::new(catalog.clone(), (reader, store), budget, is_empty)))
}

/// What the states of a category depend on: the shape that the rules give them, and the events that this release can
/// read. One that can read more folds anew what another one could not.
fn revision(category: &Category) -> u32 {
    let events = category.events.keys().map(|event| (event, category.schema_version(event)));
    let known = format!("{} {:?}", category.revision, events.collect::<Vec<_>>());
    let [a, b, c, d, ..] = *Fingerprint::of(category.name, &known.into()).as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

async fn is_of_log<L: Log>(log: &L, checkpoint: Checkpoint) -> anyhow::Result<bool> {
    if checkpoint.head.position == 0 {
        return Ok(true);
    }
    let message = log.get(checkpoint.head.position).await?;
    Ok(message.is_some_and(|it| it.is_at(checkpoint.head)))
}

impl InFlight {
    /// True if the command is being carried out already.
    fn enter(&self, id: Uuid) -> (Guard, bool) {
        let mut all = self.lock();
        let count = all.entry(id).or_default();
        *count += 1;
        (Guard { in_flight: self.clone(), id }, *count > 1)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut all = self.in_flight.lock();
        if let Some(count) = all.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.id);
            }
        }
    }
}

fn unavailable(detail: &str) -> Failure {
    Failure::Unavailable { detail: detail.into() }
}
