//! A decider as the services see it: names and JSON instead of types.

use std::{any::Any, collections::BTreeMap, fmt, sync::Arc};

use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;

use crate::{
    Decided, Decider, EventRecord, FieldError, StoredCommit, Unreadable, Upcaster, fields, schema, variants,
};

/// The state of one aggregate of some category.
pub struct State(Box<dyn Any + Send + Sync>);

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
            rules: Arc::new(Typed::<D>(std::marker::PhantomData)),
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
        let schema = self.commands.get(command).ok_or(Rejection::UnknownCommand)?;
        match self.rules.check(schema, command, data) {
            errors if errors.is_empty() => Ok(()),
            errors => Err(Rejection::Invalid(errors)),
        }
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
        let schema = self.commands.get(command).ok_or(Rejection::UnknownCommand)?;
        self.rules.decide(id, state, schema, command, data)
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

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

trait Rules: Send + Sync {
    fn blank(&self) -> State;
    fn check(&self, schema: &Value, command: &str, data: &Value) -> Vec<FieldError>;
    fn decide(
        &self,
        id: Uuid,
        state: &State,
        schema: &Value,
        command: &str,
        data: &Value,
    ) -> Result<Vec<Decided>, Rejection>;
    fn evolve(&self, state: State, event: &EventRecord) -> Result<State, Unreadable>;
    fn rewrite(&self, event: &EventRecord) -> Result<Decided, Unreadable>;
    fn show(&self, state: &State) -> Value;
    fn encode(&self, state: &State) -> String;
    fn decode(&self, kept: &str) -> Option<State>;
    fn size(&self, state: &State) -> usize;
}

struct Typed<D>(std::marker::PhantomData<fn() -> D>);

impl<D: Decider> Rules for Typed<D> {
    fn blank(&self) -> State {
        State(Box::new(D::default()))
    }

    fn check(&self, schema: &Value, command: &str, data: &Value) -> Vec<FieldError> {
        fields::check::<D::Command>(schema, command, data)
    }

    fn decide(
        &self,
        id: Uuid,
        state: &State,
        schema: &Value,
        command: &str,
        data: &Value,
    ) -> Result<Vec<Decided>, Rejection> {
        let all = |_| Rejection::Invalid(self.check(schema, command, data));
        let command = fields::parse::<D::Command>(command, data).map_err(all)?;
        match downcast::<D>(state).decide(command) {
            Ok(events) => events.iter().map(write::<D>).collect::<Result<_, _>>().map_err(Rejection::Defect),
            Err(refusal) => Err(Rejection::Refused(refused(&refusal, D::explain(&refusal, id)))),
        }
    }

    fn evolve(&self, state: State, event: &EventRecord) -> Result<State, Unreadable> {
        let event = schema::read::<D>(&event.kind, event.schema, &event.data)?;
        let state = state.0.downcast::<D>().expect(ONE_CATEGORY);
        Ok(State(Box::new(state.evolve(&event))))
    }

    fn rewrite(&self, event: &EventRecord) -> Result<Decided, Unreadable> {
        schema::read::<D>(&event.kind, event.schema, &event.data).map(|event| encode::<D>(&event))
    }

    fn show(&self, state: &State) -> Value {
        serde_json::to_value(downcast::<D>(state)).expect(PLAIN)
    }

    fn encode(&self, state: &State) -> String {
        serde_json::to_string(downcast::<D>(state)).expect(PLAIN)
    }

    fn decode(&self, kept: &str) -> Option<State> {
        serde_json::from_str::<D>(kept).ok().map(|state| State(Box::new(state)))
    }

    fn size(&self, state: &State) -> usize {
        size_of::<D>() + self.encode(state).len()
    }
}

const PLAIN: &str = "a state is plain data";

const ONE_CATEGORY: &str = "a state is only given back to the category that made it";

fn downcast<D: Decider>(state: &State) -> &D {
    state.0.downcast_ref().expect(ONE_CATEGORY)
}

/// An event as it will be stored: its type, its present schema, its data. What could not be read
/// again would be in the way for ever, so it is tried.
pub(crate) fn write<D: Decider>(event: &D::Event) -> Result<Decided, Unreadable> {
    let decided = encode::<D>(event);
    schema::read::<D>(&decided.kind, decided.schema, &decided.data)?;
    Ok(decided)
}

fn encode<D: Decider>(event: &D::Event) -> Decided {
    let tagged = serde_json::to_string(event).expect("an event is plain data");
    let tagged: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(&tagged).expect("the catalog refuses events that are not struct variants");
    let (kind, data) = tagged.into_iter().next().expect("a variant has a name");
    let schema = schema::current(D::UPCASTERS, &kind);
    Decided { kind, schema, data }
}

fn refused(refusal: &impl Serialize, detail: String) -> Refused {
    let (reason, data) = match serde_json::to_value(refusal) {
        Ok(Value::Object(tagged)) => tagged.into_iter().next().unwrap_or_default(),
        Ok(Value::String(reason)) => (reason, Value::Null),
        _ => ("refused".into(), Value::Null),
    };
    let data = data.as_object().cloned().unwrap_or_default();
    Refused { reason, detail, data }
}
