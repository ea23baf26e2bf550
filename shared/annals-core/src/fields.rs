//! What is wrong with a command's data, field by field.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use crate::tagged::Tagged;

/// One thing that is wrong with a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Where: a JSON Pointer (RFC 6901) into the data.
    pub pointer: String,
    /// What, in words.
    pub detail: String,
}

impl FieldError {
    /// Something wrong with the field `name`.
    #[must_use]
    pub fn at(name: &str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer_to(name), detail: detail.into() }
    }
}

/// Parses a command. Stops at the first error.
pub(crate) fn parse<C: DeserializeOwned>(command: &str, data: &Value) -> Result<C, FieldError> {
    serde_path_to_error::deserialize(Tagged { name: command, data }).map_err(|error| {
        let pointer = error.path().iter().filter_map(segment).collect();
        FieldError { pointer, detail: error.into_inner().to_string() }
    })
}

/// Everything that is wrong with a command's data: fields unknown, missing, or ill-formed.
///
/// Serde stops at the first error, so the names are held against the schema, and then each field
/// is parsed by itself: an error that points at it is its own.
pub(crate) fn check<C: DeserializeOwned>(schema: &Value, command: &str, data: &Value) -> Vec<FieldError> {
    let Some(fields) = data.as_object() else {
        return vec![FieldError { pointer: String::new(), detail: "must be a JSON object".into() }];
    };
    let Some(problem) = parse::<C>(command, data).err() else {
        return Vec::new();
    };
    let known = schema["properties"].as_object().cloned().unwrap_or_default();
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);

    let missing =
        required.filter(|name| !fields.contains_key(*name)).map(|name| FieldError::at(name, "is missing"));
    let unknown = fields
        .keys()
        .filter(|name| !known.contains_key(*name))
        .map(|name| FieldError::at(name, format!("is not a field of `{command}`{}", list(&known))));
    let malformed =
        fields.iter().filter(|(name, _)| known.contains_key(*name)).filter_map(|(name, value)| {
            let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
            parse::<C>(command, &alone).err().filter(|error| error.pointer.starts_with(&pointer_to(name)))
        });

    let errors: Vec<_> = missing.chain(unknown).chain(malformed).collect();
    if errors.is_empty() { vec![problem] } else { errors }
}

fn list(known: &Map<String, Value>) -> String {
    match known.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ") {
        names if names.is_empty() => ", which has none".into(),
        names => format!(", which has {names}"),
    }
}

fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A step of serde's path, less the command's name, which is not part of the data.
fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Map { key } => Some(pointer_to(key)),
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}
