//! All commands through one door: `{"command": "account.deposit", "id", "data", "metadata"}`.

use annals_core::{Category, FieldError, StreamId, command_id};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    ACTOR,
    asked::{self, Asked},
    metadata::{self, under},
};
use crate::{
    failure::invalid_payload,
    gateway::Gateway,
    problem::{Code, Problem},
    segments,
};

const MEMBERS: [&str; 4] = ["command", "id", "data", "metadata"];

/// Reads the body. `key` is the idempotency key.
pub fn read(gateway: &Gateway, body: Value, key: Option<&str>) -> Result<Asked, Problem> {
    let Value::Object(mut body) = body else { return Err(invalid_payload(&[not_an_object("")])) };
    let unknown = body.keys().filter(|name| !MEMBERS.contains(&name.as_str()));
    let mut errors: Vec<_> =
        unknown.map(|name| FieldError::at(name, format!("is none of `{}`", MEMBERS.join("`, `")))).collect();

    let (category, command) = match name(body.get("command")) {
        Ok(names) => names,
        Err(error) => {
            errors.push(error);
            return Err(invalid_payload(&errors));
        }
    };
    let category = gateway.category(category)?;
    asked::public(category, command)?;
    let command = command.to_owned();
    let id = body.get("id").map(id).transpose()?;

    let data = body.remove("data").unwrap_or_else(|| Value::Object(Map::new()));
    let metadata = body.remove("metadata").map_or_else(|| Ok(Map::new()), metadata::read);
    errors.extend(under("data", asked::errors(category, &command, &data)));
    let metadata = metadata.unwrap_or_else(|wrong| {
        errors.extend(wrong);
        Map::new()
    });
    if !errors.is_empty() {
        return Err(invalid_payload(&errors));
    }
    let id = id.map_or_else(|| draw(category, &command, &data, key), Ok)?;
    Ok(Asked { stream: StreamId::new(category.name, id), command, data, metadata })
}

/// `account.deposit`
fn name(command: Option<&Value>) -> Result<(&str, &str), FieldError> {
    let command = command.ok_or_else(|| FieldError::at("command", "is missing"))?;
    let names = command.as_str().and_then(|name| name.split_once('.'));
    names.ok_or_else(|| FieldError::at("command", "must be like `account.deposit`"))
}

fn id(value: &Value) -> Result<Uuid, Problem> {
    segments::id(value.as_str().unwrap_or_default())
}

/// The id of a new aggregate. Under an idempotency key it follows from the key: a repeat must find
/// the aggregate that the first one made.
fn draw(category: &Category, command: &str, data: &Value, key: Option<&str>) -> Result<Uuid, Problem> {
    if !category.creates(command, data) {
        let detail = format!("`id` is missing: `{}.{command}` begins no stream.", category.name);
        return Err(Problem::new(Code::InvalidId, detail));
    }
    let nobody = StreamId::new(category.name, Uuid::nil());
    Ok(key.map_or_else(Uuid::now_v7, |key| command_id(ACTOR, &nobody, key)))
}

fn not_an_object(pointer: &str) -> FieldError {
    FieldError { pointer: pointer.into(), detail: "must be a JSON object".into() }
}

#[cfg(test)]
#[path = "door_tests.rs"]
mod tests;
