//! A decider as the services see it: names and JSON instead of types.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    Decided, Decider, EventRecord, FieldError, StoredCommit, Unreadable, Upcaster,
    erased::{ParsedCommand, Rules, State, Typed},
    schema, variants,
};

/// A kind of aggregate.
#[derive(Clone)]
pub struct Category {
    /// Its name, as in subjects and URLs.
    pub name: &'static str,
    /// Counts the shapes of its state.
    pub revision: u32,
    /// The JSON Schema of each command's data, by the command's name.
    pub commands: BTreeMap<String, Value>,
    /// The JSON Schema of each event's data, by the event's type.
    pub events: BTreeMap<String, Value>,
    /// The JSON Schema of each refusal's data, by its reason.
    pub refusals: BTreeMap<String, Value>,
    /// Commands that HTTP does not know.
    pub internal: &'static [&'static str],
    /// Lifts events of older schemas.
    pub(crate) upcasters: &'static [Upcaster],
    rules: Arc<dyn Rules>,
}

/// Why a command leads to no events.
#[derive(Debug, Clone)]
pub enum Rejection {
    /// The category has no such command.
    UnknownCommand,
    /// The data does not fit the command.
    Invalid(Vec<FieldError>),
    /// The aggregate says no.
    Refused(Refused),
    /// The rules made an event that could not be read again, which is never stored.
    Defect(Unreadable),
}

/// A business no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Refused {
    /// The refusal's name in kebab-case.
    pub reason: String,
    /// A sentence for a person.
    pub detail: String,
    /// The refusal's own data.
    pub data: Map<String, Value>,
}

impl Category {
    /// The category of `D`.
    #[must_use]
    pub fn of<D: Decider>() -> Self {
        Self {
            name: D::NAME,
            revision: D::REVISION,
            commands: variants::of::<D::Command>(),
            events: variants::of::<D::Event>(),
            refusals: variants::with_or_without_data::<D::Refusal>(),
            internal: D::INTERNAL,
            upcasters: D::UPCASTERS,
            rules: Arc::new(Typed::<D>::new()),
        }
    }

    /// An aggregate to which nothing has happened.
    #[must_use]
    pub fn blank(&self) -> State {
        self.rules.blank()
    }

    /// Checks a command's data without deciding anything.
    ///
    /// # Errors
    /// When there is no such command, or the data does not fit it.
    pub fn check(&self, command: &str, data: &Value) -> Result<(), Rejection> {
        self.parse(command, data).map(drop)
    }

    /// Reads a command, to decide on it later.
    ///
    /// # Errors
    /// When there is no such command, or the data does not fit it.
    pub fn parse(&self, command: &str, data: &Value) -> Result<ParsedCommand, Rejection> {
        let schema = self.commands.get(command).ok_or(Rejection::UnknownCommand)?;
        self.rules.parse(schema, command, data).map_err(Rejection::Invalid)
    }

    /// Whether the command can begin a stream: a blank aggregate does not refuse it.
    #[must_use]
    pub fn creates(&self, command: &str, data: &Value) -> bool {
        self.decide(Uuid::nil(), &self.blank(), command, data).is_ok_and(|events| !events.is_empty())
    }

    /// Decides on a command to the aggregate `id`, which is in this state.
    ///
    /// # Errors
    /// Why nothing happens.
    pub fn decide(
        &self,
        id: Uuid,
        state: &State,
        command: &str,
        data: &Value,
    ) -> Result<Vec<Decided>, Rejection> {
        let command = self.parse(command, data)?;
        self.decide_parsed(id, state, command).map(|(events, _)| events)
    }

    /// Decides on a command that was read by this category. Gives the state after its events, too, as whoever reads
    /// them will fold it.
    ///
    /// # Errors
    /// Why nothing happens.
    pub fn decide_parsed(
        &self,
        id: Uuid,
        state: &State,
        command: ParsedCommand,
    ) -> Result<(Vec<Decided>, State), Rejection> {
        self.rules.decide(id, state, command)
    }

    /// Folds one event into the state.
    ///
    /// # Errors
    /// When the event cannot be read.
    pub fn evolve(&self, state: State, event: &EventRecord) -> Result<State, Unreadable> {
        self.rules.evolve(state, event)
    }

    /// Folds a whole commit into the state.
    ///
    /// # Errors
    /// When one of its events cannot be read.
    pub fn fold(&self, state: State, stored: &StoredCommit) -> Result<State, Unreadable> {
        stored.commit.events.iter().try_fold(state, |state, event| self.evolve(state, event))
    }

    /// The schema in which events of this type are written today.
    #[must_use]
    pub fn schema_version(&self, event: &str) -> u32 {
        schema::current(self.upcasters, event)
    }

    /// Reads an event, and writes it again as it would be written today.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn rewrite(&self, event: &EventRecord) -> Result<Decided, Unreadable> {
        self.rules.rewrite(event)
    }

    /// The state as JSON.
    #[must_use]
    pub fn show(&self, state: &State) -> Value {
        self.rules.show(state)
    }

    /// The state as it is kept outside of the process, under the category's revision.
    #[must_use]
    pub fn encode(&self, state: &State) -> String {
        self.rules.encode(state)
    }

    /// The same state once more.
    #[must_use]
    pub fn clone_state(&self, state: &State) -> State {
        self.rules.clone_state(state)
    }

    /// Reads a state that was kept. None: it was not kept by this revision.
    #[must_use]
    pub fn decode(&self, kept: &str) -> Option<State> {
        self.rules.decode(kept)
    }

    /// About how many bytes the state takes in memory: its type, and as many again as its JSON has,
    /// for what it owns elsewhere.
    #[must_use]
    pub fn size(&self, state: &State) -> usize {
        self.rules.size(state)
    }
}

impl fmt::Debug for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Category({})", self.name)
    }
}
