//! The life of a command: is it a repeat, does the stream stand where the client thinks, what do
//! the rules say, and is it on disk.

use std::time::Duration;

use annals_core::{
    Catalog, Category, Decided, Fingerprint, StoredCommit, TraceParent,
    bus::{Accepted, CommandReply, CommandRequest, Expected, Failure},
};
use annals_nats::{Appended, Log, Scope};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    aggregate::Aggregate,
    answer::{accepted, fault, rejected, replayed, unchanged},
    cache::{Fill, Key},
    journal,
    lanes::{Lanes, Turn},
    load::load,
    snapshots::Snapshots,
};

/// Carries out commands on one log.
pub struct Executor<L> {
    pub(crate) log: L,
    pub(crate) catalog: Catalog,
    pub(crate) lanes: Lanes,
    snapshots: Option<Snapshots>,
}

/// Bytes of aggregates that are kept in memory unless something else is said: a million small ones.
pub(crate) const CACHE_BYTES: usize = 512 * 1024 * 1024;

/// So often a command is decided anew when others were first.
const TRIES: u32 = 6;

/// How long a command may take before nobody waits for it any more.
const LONGEST: Duration = Duration::from_secs(12);

/// What one try comes to.
enum Try {
    Answer(Accepted),
    /// The stream has moved on: decide again.
    Again,
}

/// What the cached state says about a command.
enum Verdict {
    Append(Vec<Decided>),
    /// Stores nothing, so the log cannot check it: only true if the state is the latest.
    Nothing(Result<(), Failure>),
}

impl<L: Log> Executor<L> {
    /// An executor that knows the categories of `catalog`.
    #[must_use]
    pub fn new(log: L, catalog: Catalog) -> Self {
        Self { log, catalog, lanes: Lanes::new(CACHE_BYTES), snapshots: None }
    }

    /// The same with room for so many bytes of aggregates at rest.
    #[must_use]
    pub fn with_cache(self, bytes: usize) -> Self {
        Self { lanes: Lanes::new(bytes), ..self }
    }

    /// The same with snapshots of long streams.
    #[must_use]
    pub fn with_snapshots(self, snapshots: Option<Snapshots>) -> Self {
        Self { snapshots, ..self }
    }

    /// How many aggregates are kept in memory, and about how many bytes they take.
    #[must_use]
    pub fn fill(&self) -> Fill {
        self.lanes.fill()
    }

    /// Carries out a command, once, however often it is given.
    ///
    /// # Errors
    /// Why it was not carried out.
    pub async fn execute(&self, mut request: CommandRequest) -> CommandReply {
        let started = Instant::now();
        request.context.trace = request.context.trace.map(|trace: TraceParent| trace.child(rand::random()));
        let late = |_| Err(Failure::OutcomeUnknown);
        let reply = timeout(LONGEST, self.attempt(&request)).await.unwrap_or_else(late);
        journal::note(&request, &reply, started.elapsed());
        reply
    }

    async fn attempt(&self, request: &CommandRequest) -> CommandReply {
        let category = self.catalog.category(&request.stream.category).ok_or(Failure::UnknownCategory)?;
        category.check(&request.command, &request.data).map_err(rejected)?;
        let mut turn = self.lanes.enter(Key::new(category.name, request.stream.id), request.id).await?;
        let reply = self.tries(category, &mut turn, request).await;
        if let (Some(snapshots), Some(aggregate)) = (&self.snapshots, turn.aggregate.as_mut()) {
            snapshots.offer(category, &request.stream, aggregate);
        }
        reply
    }

    async fn tries(&self, category: &Category, turn: &mut Turn, request: &CommandRequest) -> CommandReply {
        for tried in 0..TRIES {
            match self.once(category, turn, request).await? {
                Try::Answer(accepted) => return Ok(accepted),
                Try::Again => {
                    let jitter_ms = rand::random_range(0..=10 * u64::from(tried));
                    sleep(Duration::from_millis(jitter_ms)).await;
                }
            }
        }
        Err(Failure::Conflict)
    }

    async fn once(
        &self,
        category: &Category,
        turn: &mut Turn,
        request: &CommandRequest,
    ) -> Result<Try, Failure> {
        // Taken out: after a fault the state is in doubt, and the next command loads it anew.
        let aggregate = match turn.aggregate.take() {
            Some(aggregate) => aggregate,
            None => self.load(category, request).await?,
        };
        let fingerprint = Fingerprint::of(&request.command, &request.data);
        if let Some(stored) = self.earlier(&aggregate, request).await? {
            turn.aggregate.replace(aggregate);
            let same = stored.commit.fingerprint == fingerprint;
            return if same {
                Ok(Try::Answer(replayed(&stored)))
            } else {
                Err(Failure::IdempotencyKeyReused)
            };
        }
        match judge(category, &aggregate, request) {
            Verdict::Append(decided) => {
                self.append(category, turn, aggregate, request, fingerprint, decided).await
            }
            Verdict::Nothing(answer) => {
                let (aggregate, fresh) = self.refresh(category, aggregate, request).await?;
                let aggregate = turn.aggregate.insert(aggregate);
                match answer {
                    _ if !fresh => Ok(Try::Again),
                    Ok(()) => Ok(Try::Answer(unchanged(aggregate, request))),
                    Err(failure) => Err(failure),
                }
            }
        }
    }

    async fn load(&self, category: &Category, request: &CommandRequest) -> Result<Aggregate, Failure> {
        load(&self.log, self.snapshots.as_ref(), category, &request.stream).await
    }

    /// The commit of an earlier command with the same id.
    async fn earlier(
        &self,
        aggregate: &Aggregate,
        request: &CommandRequest,
    ) -> Result<Option<StoredCommit>, Failure> {
        let mut after = match (aggregate.recall(request.id), request.caused_at) {
            (Some(recent), _) => recent.position - 1,
            (None, Some(position)) if aggregate.forgot_since(position) => position,
            (None, _) => return Ok(None),
        };
        let recalled = aggregate.recall(request.id).is_some();
        let scope = Scope::Stream(request.stream.clone());
        while after < aggregate.position {
            let page = self.log.read(&scope, after, if recalled { 1 } else { 500 }).await.map_err(fault)?;
            if let Some(stored) = page.commits.iter().find(|stored| stored.commit.id == request.id) {
                return Ok(Some(stored.clone()));
            }
            if recalled || page.reached == after {
                return Err(Failure::Unavailable { detail: "a replica of the log lags behind".into() });
            }
            after = page.reached;
        }
        Ok(None)
    }

    /// Makes sure that nothing acknowledged is missing from the state; `true` if nothing was.
    async fn refresh(
        &self,
        category: &Category,
        mut aggregate: Aggregate,
        request: &CommandRequest,
    ) -> Result<(Aggregate, bool), Failure> {
        let last = self.log.last(&Scope::Stream(request.stream.clone())).await.map_err(fault)?;
        if last == aggregate.position {
            return Ok((aggregate, true));
        }
        if last < aggregate.position {
            // The log has lost its end (a restored backup): what was folded is not there any more.
            return Ok((self.load(category, request).await?, false));
        }
        for stored in self.log.read_latest(&request.stream, aggregate.position).await.map_err(fault)? {
            aggregate = aggregate.fold(category, &stored)?;
        }
        Ok((aggregate, false))
    }

    async fn append(
        &self,
        category: &Category,
        turn: &mut Turn,
        mut aggregate: Aggregate,
        request: &CommandRequest,
        fingerprint: Fingerprint,
        decided: Vec<Decided>,
    ) -> Result<Try, Failure> {
        let commit = aggregate.next(request, fingerprint, decided);
        match self.log.append(&commit, aggregate.position).await.map_err(fault)? {
            Appended::Stored(stored) if stored.commit.fingerprint != commit.fingerprint => {
                Err(Failure::IdempotencyKeyReused)
            }
            Appended::Stored(stored) => {
                // Not so if another instance stored it on top of others: then it is loaded anew.
                if stored.commit.previous_hash == commit.previous_hash {
                    *turn.aggregate = aggregate.fold(category, &stored).ok();
                }
                // Another instance may have carried out the same command: its time or context tells.
                let ours = stored.commit.recorded_at == commit.recorded_at
                    && stored.commit.context == commit.context;
                Ok(Try::Answer(if ours { accepted(&stored) } else { replayed(&stored) }))
            }
            Appended::Overtaken(commits) if commits.is_empty() => Ok(Try::Again),
            Appended::Overtaken(commits) => {
                for stored in &commits {
                    aggregate = aggregate.fold(category, stored)?;
                }
                turn.aggregate.replace(aggregate);
                Ok(Try::Again)
            }
        }
    }
}

fn judge(category: &Category, aggregate: &Aggregate, request: &CommandRequest) -> Verdict {
    let version = aggregate.version;
    let expected = match request.expected {
        Expected::Any => version,
        Expected::New => 0,
        Expected::Version(expected) => expected,
    };
    if expected != version {
        return Verdict::Nothing(Err(Failure::VersionMismatch { version }));
    }
    match category.decide(request.stream.id, &aggregate.state, &request.command, &request.data) {
        Ok(decided) if decided.is_empty() => Verdict::Nothing(Ok(())),
        Ok(decided) => Verdict::Append(decided),
        Err(rejection) => Verdict::Nothing(Err(rejected(rejection))),
    }
}

#[cfg(test)]
#[path = "execute_tests.rs"]
mod tests;
