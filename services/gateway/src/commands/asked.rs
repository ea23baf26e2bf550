//! What a client asks for, held against the catalog: nothing is sent that could not be meant.

use annals_core::{Category, FieldError, Rejection, StreamId};
use serde_json::{Map, Value};

use crate::{
    failure::invalid_payload,
    gateway::{self, Gateway},
    problem::{Code, Problem},
    segments,
};

/// A command that fits.
#[derive(Debug)]
pub struct Asked {
    /// To whom.
    pub stream: StreamId,
    /// What.
    pub command: String,
    /// Its data, checked.
    pub data: Value,
    /// The client's own notes.
    pub metadata: Map<String, Value>,
}

impl Asked {
    /// From a path and a body.
    pub fn by_path(
        gateway: &Gateway,
        category: &str,
        id: &str,
        command: String,
        data: Value,
    ) -> Result<Self, Problem> {
        let category = gateway.category(category)?;
        public(category, &command)?;
        let stream = StreamId::new(category.name, segments::id(id)?);
        match errors(category, &command, &data).as_slice() {
            [] => Ok(Self { stream, command, data, metadata: Map::new() }),
            errors => Err(invalid_payload(errors)),
        }
    }
}

/// Refuses commands that are not there, or not for clients.
pub fn public(category: &Category, command: &str) -> Result<(), Problem> {
    let mut known = category.commands.keys().map(String::as_str).collect::<Vec<_>>();
    known.retain(|name| !category.internal.contains(name));
    if known.contains(&command) {
        return Ok(());
    }
    let kind = format!("command of `{}` named", category.name);
    Err(gateway::unknown(Code::UnknownCommand, &kind, command, known))
}

/// Everything that is wrong with the data of a command that is there.
pub fn errors(category: &Category, command: &str, data: &Value) -> Vec<FieldError> {
    match category.check(command, data) {
        Err(Rejection::Invalid(errors)) => errors,
        Ok(()) | Err(Rejection::UnknownCommand | Rejection::Refused(_) | Rejection::Defect(_)) => Vec::new(),
    }
}
