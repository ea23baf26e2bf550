//! One method of one path, and its answers.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{headers, problems};
use crate::problem::Code;

/// How an operation tells what goes wrong, beyond what all of them do.
#[derive(Default)]
pub struct Manner {
    /// Whether in HTML, too.
    pub for_people: bool,
    /// Headers that may stand on failures of these codes.
    pub headers: Vec<(&'static str, &'static [Code])>,
}

/// An operation, while it is being described.
pub struct Operation {
    pub path: String,
    /// In lower case.
    pub method: &'static str,
    described: Value,
    answers: Map<String, Value>,
    codes: Vec<Code>,
    /// How what goes wrong is told.
    pub manner: Manner,
}

impl Operation {
    /// A read.
    pub fn get(path: impl Into<String>, id: impl Into<String>) -> Self {
        Self::new("get", path.into(), &id.into())
    }

    /// A write.
    pub fn post(path: impl Into<String>, id: impl Into<String>) -> Self {
        let post = Self::new("post", path.into(), &id.into());
        post.fails(&[
            Code::MalformedJson,
            Code::InvalidPayload,
            Code::Forbidden,
            Code::PayloadTooLarge,
            Code::UnsupportedMediaType,
            Code::OutcomeUnknown,
        ])
    }

    fn new(method: &'static str, path: String, id: &str) -> Self {
        let described = json!({ "operationId": id, "parameters": [] });
        let codes = problems::EVERYWHERE.to_vec();
        Self { path, method, described, answers: Map::new(), codes, manner: Manner::default() }
    }

    /// What it is for, in a few words and in more.
    pub fn says(mut self, tag: &str, summary: &str, description: &str) -> Self {
        self.described["tags"] = json!([tag]);
        self.described["summary"] = summary.into();
        if !description.is_empty() {
            self.described["description"] = description.into();
        }
        self
    }

    /// Parameters of the components, by name.
    pub fn takes(self, names: &[&str]) -> Self {
        let shared = |name: &&str| json!({ "$ref": format!("#/components/parameters/{name}") });
        names.iter().map(shared).fold(self, Self::asks)
    }

    /// A parameter of its own.
    pub fn asks(mut self, parameter: Value) -> Self {
        self.described["parameters"].as_array_mut().expect("it was made as one").push(parameter);
        self
    }

    /// What is sent.
    pub fn body(mut self, body: Value) -> Self {
        self.described["requestBody"] = body;
        self
    }

    /// What comes back.
    pub fn answers(mut self, status: u16, answer: impl Into<Value>) -> Self {
        self.answers.insert(status.to_string(), answer.into());
        self
    }

    /// What may go wrong.
    pub fn fails(mut self, codes: &[Code]) -> Self {
        self.codes.extend(codes);
        self
    }

    /// What goes wrong is told to people, if they take HTML.
    pub fn for_people(mut self) -> Self {
        self.manner.for_people = true;
        self
    }

    /// A header that may stand on failures of these codes.
    pub fn may_tell(mut self, header: &'static str, codes: &'static [Code]) -> Self {
        self.manner.headers.push((header, codes));
        self
    }

    /// What may go wrong, by status.
    pub fn failures(&self) -> BTreeMap<u16, Vec<Code>> {
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in &self.codes {
            by_status.entry(code.status().as_u16()).or_default().push(*code);
        }
        for codes in by_status.values_mut() {
            codes.sort_by_key(|code| code.name());
            codes.dedup();
        }
        by_status
    }

    /// As it stands in the document.
    pub fn into_value(mut self) -> Value {
        for (status, codes) in self.failures() {
            let response = json!({ "$ref": format!("#/components/responses/{}", problems::name_of(&codes, &self.manner)) });
            self.answers.entry(status.to_string()).or_insert(response);
        }
        self.described["responses"] = self.answers.into();
        self.described
    }
}

/// An answer, while it is being described.
pub struct Answer(Value);

impl Answer {
    /// One with nothing in it yet.
    pub fn new(description: &str) -> Self {
        Self(json!({ "description": description }))
    }

    /// One in JSON.
    pub fn json(description: &str, schema: &Value) -> Self {
        Self::new(description).content("application/json", schema)
    }

    /// What it may be made of.
    pub fn content(mut self, kind: &str, schema: &Value) -> Self {
        self.0["content"][kind] = json!({ "schema": schema });
        self
    }

    /// Headers that it always has.
    pub fn headers(mut self, names: &[&str]) -> Self {
        for name in names {
            self.0["headers"][name] = headers::always(name);
        }
        self
    }

    /// A header that it may have.
    pub fn may_have(mut self, name: &str) -> Self {
        self.0["headers"][name] = headers::sometimes(name);
        self
    }

    /// What it looks like in JSON.
    pub fn example(mut self, example: Value) -> Self {
        self.0["content"]["application/json"]["example"] = example;
        self
    }
}

impl From<Answer> for Value {
    fn from(answer: Answer) -> Self {
        answer.0
    }
}
