//! What the rules of a category answer to sample commands: examples that cannot be untrue.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};

use annals_core::{
    Category, Commit, Context, Decided, EventView, Fingerprint, Refused, Rejection, State, StoredCommit,
    StreamId, bus::Accepted,
};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::sample;

/// After so many commands every public one has succeeded in every domain so far; where one has not,
/// the document lacks an example and nothing else.
const LONGEST: usize = 3;

/// 2026-11-21T09:30:00.123456Z, in microseconds.
const THEN: i64 = 1_795_253_400_123_456;

/// The position of the first commit.
const BEGINNING: u64 = 1041;

/// What came of it.
#[derive(Debug)]
pub struct Rehearsal {
    pub category: &'static str,
    /// The first success of each command that has one.
    pub stored: BTreeMap<String, StoredCommit>,
    /// The first refusal for each reason that came up.
    pub refused: BTreeMap<String, Refused>,
}

/// Tries every public command on an aggregate to which nothing has happened, then on what came of
/// that, and so on.
pub fn of(category: &Category) -> Rehearsal {
    let mut rehearsal =
        Rehearsal { category: category.name, stored: BTreeMap::new(), refused: BTreeMap::new() };
    let public: Vec<_> =
        category.commands.iter().filter(|(name, _)| !category.internal.contains(&name.as_str())).collect();
    let mut histories: Vec<Vec<StoredCommit>> = vec![Vec::new()];
    for _ in 0..LONGEST {
        let mut longer = Vec::new();
        for history in &histories {
            for (command, schema) in &public {
                longer.extend(rehearsal.attempt(category, history, command, &sample::of("", schema)));
            }
        }
        histories = longer;
    }
    rehearsal
}

impl Rehearsal {
    /// What the first success of a command is answered.
    pub fn accepted(&self, command: &str) -> Option<Value> {
        self.stored.get(command).map(answer)
    }

    /// What the beginning of a stream is answered.
    pub fn beginning(&self) -> Option<Value> {
        self.stored.values().find(|stored| stored.position == BEGINNING).map(answer)
    }

    /// Gives one command. What happened then, if anything did.
    fn attempt(
        &mut self,
        category: &Category,
        history: &[StoredCommit],
        command: &str,
        data: &Value,
    ) -> Option<Vec<StoredCommit>> {
        let stream =
            StreamId::new(category.name, Uuid::new_v5(&Uuid::NAMESPACE_OID, category.name.as_bytes()));
        // The gateway starts, whatever the rules do: a command that they panic over has no example.
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let state = state(category, history)?;
            Some(category.decide(stream.id, &state, command, data))
        }));
        match decided.ok().flatten()? {
            Ok(events) if events.is_empty() => None,
            Ok(events) => {
                let stored = record(stream, history, command, data, events);
                self.stored.entry(command.to_owned()).or_insert_with(|| stored.clone());
                Some(history.iter().cloned().chain([stored]).collect())
            }
            Err(Rejection::Refused(refused)) => {
                self.refused.entry(refused.reason.clone()).or_insert(refused);
                None
            }
            Err(Rejection::UnknownCommand | Rejection::Invalid(_) | Rejection::Defect(_)) => None,
        }
    }
}

/// Whether a command begins a stream; one that the rules panic over does not.
pub fn creates(category: &Category, command: &str, data: &Value) -> bool {
    catch_unwind(AssertUnwindSafe(|| category.creates(command, data))).unwrap_or_default()
}

fn answer(stored: &StoredCommit) -> Value {
    let commit = &stored.commit;
    json!(Accepted {
        command_id: commit.id,
        category: commit.stream.category.clone(),
        id: commit.stream.id,
        version: commit.version(),
        position: stored.position,
        events: EventView::all(stored),
        replayed: false,
    })
}

fn state(category: &Category, history: &[StoredCommit]) -> Option<State> {
    history.iter().try_fold(category.blank(), |state, stored| category.fold(state, stored)).ok()
}

fn record(
    stream: StreamId,
    history: &[StoredCommit],
    command: &str,
    data: &Value,
    events: Vec<Decided>,
) -> StoredCommit {
    let id = Uuid::new_v5(&stream.id, command.as_bytes());
    let after = history.last().map_or(0, |stored| stored.commit.version());
    let context = Context {
        correlation_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, b"correlation"),
        causation_id: id,
        actor: "anonymous".into(),
        metadata: Map::new(),
        trace: None,
    };
    let commit = Commit {
        id,
        stream,
        recorded_at: Timestamp::from_microsecond(THEN).expect("a time of this century"),
        context,
        fingerprint: Fingerprint::of(command, data),
        events: Commit::number(id, after, 0, events),
    };
    StoredCommit { position: BEGINNING + history.len() as u64, place: 0, commit }
}
