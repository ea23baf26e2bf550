//! What somebody typed to publish a post, which is not lost if something is wrong with it.

use annals_core::FieldError;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::posts::CATEGORY;
use crate::{
    failure::invalid_payload,
    headers::is_key,
    problem::{Code, Problem},
};

/// The name of the field that holds the idempotency key.
const KEY: &str = "key";

/// The form: what is typed, and what is wrong with it.
pub struct Form {
    /// Drawn with the page: however often it is sent, it is one post.
    pub key: String,
    /// What was typed.
    pub author: Field,
    /// What was typed.
    pub content: Field,
    /// What is wrong, but not with one of the fields.
    pub wrong: Option<String>,
}

/// A field of the form.
#[derive(Default)]
pub struct Field {
    /// What is in it.
    pub typed: String,
    /// What is wrong with it, to be read after its name.
    pub wrong: Option<String>,
}

impl Form {
    /// With nothing in it.
    pub fn blank() -> Self {
        Self {
            key: Uuid::now_v7().to_string(),
            author: Field::default(),
            content: Field::default(),
            wrong: None,
        }
    }

    /// Takes the key from what was sent; the rest is the command's data.
    pub fn take_key(sent: &mut Map<String, Value>) -> Result<Option<String>, Problem> {
        let key = sent.remove(KEY);
        let key = key.as_ref().and_then(Value::as_str).filter(|key| !key.is_empty());
        if key.is_some_and(|key| !is_key(key)) {
            return Err(invalid_payload(&[FieldError::at(KEY, "is not a key")]));
        }
        Ok(key.map(Into::into))
    }

    /// The command that it stands for, as the API takes it.
    pub fn command(data: &Map<String, Value>) -> Value {
        json!({ "command": format!("{CATEGORY}.publish"), "data": data })
    }

    /// As it was sent, and what is wrong with that. It can be sent again, as the same command where it
    /// may have been carried out.
    pub fn again(data: &Map<String, Value>, key: Option<String>, problem: &Problem) -> Self {
        let errors = problem.extension("errors").cloned().unwrap_or_default();
        let mut errors: Vec<FieldError> = serde_json::from_value(errors).unwrap_or_default();
        let mut field = |name: &str| {
            let pointer = format!("/data/{name}");
            let wrong = errors.iter().position(|error| error.pointer == pointer);
            Field {
                typed: data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned(),
                wrong: wrong.map(|index| errors.swap_remove(index).detail),
            }
        };
        let (author, content) = (field("author"), field("content"));
        let told = errors.is_empty() && (author.wrong.is_some() || content.wrong.is_some());
        let key = key.filter(|_| problem.code != Code::IdempotencyKeyReused);
        Self {
            key: key.unwrap_or_else(|| Uuid::now_v7().to_string()),
            author,
            content,
            wrong: (!told).then(|| problem.detail.clone()),
        }
    }
}
