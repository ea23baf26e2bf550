//! A decider without its types: boxes instead.

use std::{any::Any, collections::BTreeMap, fmt, marker::PhantomData};

use serde::Serialize;
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use crate::{Decided, Decider, EventRecord, FieldError, Refused, Rejection, Unreadable, fields, schema};

/// The state of one aggregate of some category.
pub struct State(Box<dyn Any + Send + Sync>);

/// A command of some category, read and found to fit.
pub struct ParsedCommand(Box<dyn Any + Send>);

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

impl fmt::Debug for ParsedCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ParsedCommand")
    }
}

pub(crate) trait Rules: Send + Sync {
    fn blank(&self) -> State;
    fn parse(&self, schema: &Value, command: &str, data: &Value) -> Result<ParsedCommand, Vec<FieldError>>;
    fn decide(
        &self,
        id: Uuid,
        state: &State,
        command: ParsedCommand,
    ) -> Result<(Vec<Decided>, State), Rejection>;
    fn clone_state(&self, state: &State) -> State;
    fn evolve(&self, state: State, event: &EventRecord) -> Result<State, Unreadable>;
    fn rewrite(&self, event: &EventRecord) -> Result<Decided, Unreadable>;
    fn show(&self, state: &State) -> Value;
    fn encode(&self, state: &State) -> String;
    fn decode(&self, kept: &str) -> Option<State>;
    fn size(&self, state: &State) -> usize;
}

pub(crate) struct Typed<D>(PhantomData<fn() -> D>);

impl<D> Typed<D> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<D: Decider> Rules for Typed<D> {
    fn blank(&self) -> State {
        State(Box::new(D::default()))
    }

    fn parse(&self, schema: &Value, command: &str, data: &Value) -> Result<ParsedCommand, Vec<FieldError>> {
        match fields::parse::<D::Command>(command, data) {
            Ok(command) => Ok(ParsedCommand(Box::new(command))),
            Err(_) => Err(fields::check::<D::Command>(schema, command, data)),
        }
    }

    fn decide(
        &self,
        id: Uuid,
        state: &State,
        command: ParsedCommand,
    ) -> Result<(Vec<Decided>, State), Rejection> {
        let state = downcast::<D>(state);
        let command = command.0.downcast::<D::Command>().expect(ONE_CATEGORY);
        let events = match state.decide(*command) {
            Ok(events) => events,
            Err(refusal) => return Err(Rejection::Refused(refused(&refusal, D::explain(&refusal, id)))),
        };
        let (mut decided, mut after) = (Vec::with_capacity(events.len()), state.clone());
        for event in &events {
            let (written, read_back) = write::<D>(event).map_err(Rejection::Defect)?;
            after = after.evolve(&read_back);
            decided.push(written);
        }
        Ok((decided, State(Box::new(after))))
    }

    fn clone_state(&self, state: &State) -> State {
        State(Box::new(downcast::<D>(state).clone()))
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

/// An event as it will be stored: its type, its present schema, its data; and as it will be read. What could not be
/// read again would be in the way for ever, so it is tried.
pub(crate) fn write<D: Decider>(event: &D::Event) -> Result<(Decided, D::Event), Unreadable> {
    let decided = encode::<D>(event);
    let read_back = schema::read::<D>(&decided.kind, decided.schema, &decided.data)?;
    Ok((decided, read_back))
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
