//! Decides commands, each on the state as it will be when everything before it is stored.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use annals_core::{
    Category, Decided, Rejection, State,
    bus::{Expected, Failure},
    log::{Commit, EntryError, Log},
};
use jiff::{Timestamp, Unit};
use tracing::{error, warn};

use crate::{
    aggregate::{Aggregate, Key},
    batch::{Decision, Standing},
    pending::{Asks, Command, Pending, Verdict},
    writer::{Writer, nothing},
};

/// So often a command is decided anew when other writers were first.
const MAX_TRIES: u32 = 32;

/// A decision that takes longer holds up all others.
const SLOW: Duration = Duration::from_millis(50);

/// What a command leads to.
enum Outcome {
    Decision(Box<Decision>),
    Commit(Box<Commit>, Aggregate),
}

impl Outcome {
    fn decision(decision: Decision) -> Self {
        Self::Decision(Box::new(decision))
    }
}

impl<L: Log> Writer<L> {
    /// Takes a command, or a question about one, into the entry that is being filled; or answers it at once, if the
    /// log has the answer already.
    pub(crate) fn accept(&mut self, pending: Pending) {
        if pending.is_given_up() {
            return;
        }
        if let Some(reason) = &self.stopped {
            return pending.fail(Failure::EventQuarantined { detail: reason.clone() });
        }
        if pending.tries > MAX_TRIES {
            return pending.fail(Failure::Conflict);
        }
        if let Some(mut pending) = self.look_up(pending) {
            let outcome = match &mut pending.asks {
                Asks::Find(..) => Outcome::decision(Decision::Nothing(Verdict::Absent)),
                Asks::Command(command) => match self.decide(command) {
                    Ok(outcome) => outcome,
                    Err(failure) => return pending.fail(failure),
                },
            };
            self.add(pending, outcome);
        }
    }

    /// Whether the command was given before. None: it is answered, or waits for the one before it.
    fn look_up(&mut self, pending: Pending) -> Option<Pending> {
        let id = pending.id();
        if self.next.ids.contains_key(&id) {
            self.next.repeats.push(pending);
            return None;
        }
        if let Some(flight) = self.in_flight.as_mut().filter(|flight| flight.batch.ids.contains_key(&id)) {
            flight.batch.repeats.push(pending);
            return None;
        }
        let (first, fingerprint) = match &pending.asks {
            Asks::Command(command) => {
                (command.request.first_sending && pending.tries == 0, Some(command.fingerprint))
            }
            Asks::Find(_, fingerprint) => (false, *fingerprint),
        };
        if first && !self.states.is_recent(id) {
            return Some(pending);
        }
        match self.states.command(id) {
            Ok(None) => return Some(pending),
            Ok(Some(earlier)) if fingerprint.is_none_or(|it| it == earlier.fingerprint) => {
                pending.answer(Verdict::Repeated(earlier.position));
            }
            Ok(Some(_)) => pending.fail(Failure::IdempotencyKeyReused),
            Err(detail) => pending.fail(Failure::Unavailable { detail }),
        }
        None
    }

    fn decide(&mut self, command: &mut Command) -> Result<Outcome, Failure> {
        let (catalog, key) = (self.states.catalog().clone(), command.key);
        let category = catalog.category(key.category).ok_or(Failure::UnknownCategory)?;
        let (in_flight, base) =
            (self.in_flight.as_ref().map(|flight| &flight.batch.states), &mut self.states);
        let stored;
        let (aggregate, standing) = if let Some(aggregate) = self.next.states.get(&key) {
            (aggregate, Standing::InThisEntry)
        } else if let Some(aggregate) = in_flight.and_then(|states| states.get(&key)) {
            (aggregate, Standing::InTheEntryBefore)
        } else {
            stored = base.aggregate(category, key).map_err(|detail| Failure::Unavailable { detail })?;
            (&*stored, Standing::At(stored.position))
        };
        let version = aggregate.version;
        let matches = match command.request.expected {
            Expected::Any => true,
            Expected::New => version == 0,
            Expected::Version(expected) => version == expected,
        };
        if !matches {
            return Ok(Outcome::decision(nothing(Failure::VersionMismatch { version })));
        }
        let state = aggregate.state.as_ref();
        let state = state.map_err(|reason| Failure::EventQuarantined { detail: reason.clone() })?;
        let (events, state) = match decide(category, key, state, command) {
            Ok((events, _)) if events.is_empty() => {
                return Ok(Outcome::decision(Decision::Unchanged(version, standing)));
            }
            Ok(decided) => decided,
            Err(failure) => return Ok(Outcome::decision(nothing(failure))),
        };
        let now = Timestamp::now().round(Unit::Microsecond).unwrap_or(self.recorded_at);
        self.recorded_at = now.max(self.recorded_at);
        let bytes = events.iter().map(|event| event.data.get().len()).sum();
        let request = &command.request;
        let commit = Commit {
            id: request.id,
            stream: request.stream.clone(),
            recorded_at: self.recorded_at,
            context: request.context.clone(),
            fingerprint: command.fingerprint,
            events: Commit::number(request.id, version, 0, events),
        };
        let after = aggregate.after(category, Ok(state), commit.version(), 0, bytes);
        Ok(Outcome::Commit(Box::new(commit), after))
    }

    fn add(&mut self, pending: Pending, outcome: Outcome) {
        let (commit, aggregate) = match outcome {
            Outcome::Decision(decision) => return self.next.decisions.push((pending, *decision)),
            Outcome::Commit(commit, aggregate) => (commit, aggregate),
        };
        let Asks::Command(command) = &pending.asks else { return };
        match self.next.push(&commit) {
            Ok(Some(place)) => {
                self.next.states.insert(command.key, aggregate);
                self.next.ids.insert(commit.id, (place, command.fingerprint));
                self.next.decisions.push((pending, Decision::Commit(place, *commit)));
            }
            Ok(None) => self.backlog.push_front(pending),
            Err(EntryError::TooLarge { bytes }) => {
                self.next.decisions.push((pending, nothing(Failure::PayloadTooLarge { bytes })));
            }
            Err(EntryError::Malformed { reason, .. }) => {
                pending.fail(Failure::InternalError { detail: reason });
            }
        }
    }
}

/// Asks the rules. Rules that panic fail their own command, and no other.
fn decide(
    category: &Category,
    key: Key,
    state: &State,
    command: &mut Command,
) -> Result<(Vec<Decided>, State), Failure> {
    let begun = Instant::now();
    let parsed = command.parsed(category).map_err(rejected)?;
    let decided = catch_unwind(AssertUnwindSafe(|| category.decide_parsed(key.id, state, parsed)));
    let took = begun.elapsed();
    if took > SLOW {
        let ms = took.as_secs_f64() * 1000.0;
        warn!(category = key.category, id = %key.id, ms, "{} is slow to decide", command.request.command);
        metrics::counter!("annals_writer_slow_decisions_total", "category" => key.category).increment(1);
    }
    decided.map_err(|_| {
        error!(category = key.category, id = %key.id, "the rules panicked over {}", command.request.command);
        Failure::InternalError { detail: "The rules have a defect. It has been logged.".into() }
    })?
    .map_err(rejected)
}

/// Why nothing happens.
pub(crate) fn rejected(rejection: Rejection) -> Failure {
    match rejection {
        Rejection::UnknownCommand => Failure::UnknownCommand,
        Rejection::Invalid(errors) => Failure::InvalidPayload { errors },
        Rejection::Refused(refused) => Failure::Refused(refused),
        Rejection::Defect(unreadable) => Failure::InternalError { detail: unreadable.to_string() },
    }
}
