//! The life of a command: is it a repeat, does the stream stand where the client thinks, what do
//! the rules say, and is it on disk.

use std::time::Duration;

use annals_core::{
    Catalog, Category, CommitError, Decided, EventView, Fingerprint, Rejection, StoredCommit, TraceParent,
    bus::{Accepted, CommandReply, CommandRequest, Expected, Failure},
};
use annals_nats::{Appended, Log, LogError, Scope};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    aggregate::Aggregate,
    journal,
    lanes::{Lanes, Turn},
};

/// Carries out commands on one log.
pub struct Executor<L> {
    log: L,
    catalog: Catalog,
    lanes: Lanes,
}

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
        Self { log, catalog, lanes: Lanes::new() }
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
        let mut turn = self.lanes.enter(&request.stream, request.id).await?;
        for tried in 0..TRIES {
            match self.once(category, &mut turn, request).await? {
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
            None => Aggregate::load(&self.log, category, &request.stream).await?,
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
            return Ok((Aggregate::load(&self.log, category, &request.stream).await?, false));
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

fn accepted(stored: &StoredCommit) -> Accepted {
    Accepted {
        command_id: stored.commit.id,
        category: stored.commit.stream.category.clone(),
        id: stored.commit.stream.id,
        version: stored.commit.version(),
        position: stored.position,
        events: EventView::all(stored),
        replayed: false,
    }
}

fn replayed(stored: &StoredCommit) -> Accepted {
    Accepted { replayed: true, ..accepted(stored) }
}

fn unchanged(aggregate: &Aggregate, request: &CommandRequest) -> Accepted {
    Accepted {
        command_id: request.id,
        category: request.stream.category.clone(),
        id: request.stream.id,
        version: aggregate.version,
        position: aggregate.position,
        events: Vec::new(),
        replayed: false,
    }
}

fn rejected(rejection: Rejection) -> Failure {
    match rejection {
        Rejection::UnknownCommand => Failure::UnknownCommand,
        Rejection::Invalid(errors) => Failure::InvalidPayload { errors },
        Rejection::Refused(refused) => Failure::Refused(refused),
        Rejection::Defect(unreadable) => Failure::InternalError { detail: unreadable.to_string() },
    }
}

/// What a fault of the log means to the one who gave the command.
pub(crate) fn fault(error: LogError) -> Failure {
    match error {
        LogError::OutcomeUnknown(_) => Failure::OutcomeUnknown,
        LogError::Unavailable(detail) => Failure::Unavailable { detail },
        LogError::Commit(CommitError::TooLarge { bytes }) => Failure::PayloadTooLarge { bytes },
        LogError::Commit(error @ (CommitError::Empty | CommitError::Malformed { .. })) => {
            Failure::EventQuarantined { detail: error.to_string() }
        }
    }
}

#[cfg(test)]
#[path = "execute_tests.rs"]
mod tests;
