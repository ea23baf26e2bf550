//! What may go wrong: a schema and an example for each code, and the answers that they come in.

use std::collections::BTreeMap;

use annals_core::Refused;
use serde_json::{Map, Value, json};
use strum::VariantArray;

use super::{
    headers,
    operation::{Manner, Operation},
    rehearsal::Rehearsal,
    schema,
    schemas::or_null,
};
use crate::{
    pages::problems::{example, explain},
    problem::Code,
};

/// What any request may be answered.
pub const EVERYWHERE: [Code; 8] = [
    Code::MalformedRequest,
    Code::InvalidHeader,
    Code::NotFound,
    Code::RequestTimeout,
    Code::UriTooLong,
    Code::HeadTooLarge,
    Code::InternalError,
    Code::Unavailable,
];

/// What a command that failed is related by, unless it is that header which is wrong.
pub const CORRELATION: (&str, &[Code]) = ("X-Correlation-Id", Code::VARIANTS);

/// The name of the answer that may have any of these codes.
pub fn name_of(codes: &[Code], manner: &Manner) -> String {
    let page = manner.for_people.then_some("page").into_iter();
    let names = page.chain(told(codes, manner)).chain(codes.iter().map(|code| code.name()));
    names.collect::<Vec<_>>().join(".")
}

/// The headers that the operation may tell together with one of these codes.
fn told(codes: &[Code], manner: &Manner) -> impl Iterator<Item = &'static str> {
    let tells = manner.headers.iter().filter(|(_, with)| with.iter().any(|code| codes.contains(code)));
    tells.map(|(header, _)| *header)
}

/// The name of the answer in which an aggregate of this category says no.
pub fn refusal_of(category: &str) -> String {
    format!("{category}.refused")
}

/// Every answer that some operation refers to, by name.
pub fn responses(operations: &[Operation], rehearsals: &[Rehearsal]) -> Map<String, Value> {
    let of_operation = |operation: &Operation| {
        let all = operation.failures().into_values();
        all.map(|codes| (name_of(&codes, &operation.manner), response(&codes, &operation.manner)))
            .collect::<Vec<_>>()
    };
    let general = operations.iter().flat_map(of_operation);
    general.chain(rehearsals.iter().map(|it| (refusal_of(it.category), refusals(it)))).collect()
}

fn response(codes: &[Code], manner: &Manner) -> Value {
    let meanings: Vec<_> =
        codes.iter().map(|code| format!("`{}`: {}", code.name(), explain(*code).meaning)).collect();
    let choices: Vec<_> = codes.iter().map(|code| schema(&name(*code))).collect();
    let example = |code: &Code| json!({ "$ref": format!("#/components/examples/{}", code.name()) });
    let examples: Map<_, _> = codes.iter().map(|code| (code.name().to_owned(), example(code))).collect();
    let mut response = json!({
        "description": meanings.join("\n\n"),
        "content": { "application/problem+json": { "schema": { "anyOf": choices }, "examples": examples } },
    });
    if manner.for_people {
        response["content"]["text/html"] = json!({ "schema": { "type": "string" } });
    }
    for header in ["Retry-After", "ETag", "Annals-Position"] {
        let with = codes.iter().filter(|code| has(**code, header)).count();
        if with == codes.len() {
            response["headers"][header] = headers::always(header);
        } else if with > 0 {
            response["headers"][header] = headers::sometimes(header);
        }
    }
    for header in told(codes, manner) {
        response["headers"][header] = headers::sometimes(header);
    }
    response
}

/// Whether a failure has this header, wherever it happens.
fn has(code: Code, header: &str) -> bool {
    match header {
        "Retry-After" => code.is_passing(),
        "ETag" => code == Code::VersionMismatch,
        _ => code == Code::ProjectionBehind,
    }
}

/// What an aggregate may say no to, and why.
fn refusals(rehearsal: &Rehearsal) -> Value {
    let manner = Manner { for_people: false, headers: vec![CORRELATION] };
    let mut response = response(&[Code::IdempotencyKeyReused, Code::Refused], &manner);
    let problem = &mut response["content"]["application/problem+json"];
    let refusal = schema(&format!("{}.Refusal", rehearsal.category));
    problem["schema"] = json!({ "anyOf": [schema(&name(Code::IdempotencyKeyReused)), refusal] });
    let examples = problem["examples"].as_object_mut().expect("they were made as an object");
    if !rehearsal.refused.is_empty() {
        examples.remove(Code::Refused.name());
    }
    for (reason, refused) in &rehearsal.refused {
        examples.insert(reason.clone(), json!({ "value": no(reason, refused) }));
    }
    response
}

/// The name of the schema of a code.
pub fn name(code: Code) -> String {
    format!("problems.{}", code.name())
}

/// A schema for each code, by name.
pub fn schemas() -> BTreeMap<String, Value> {
    Code::VARIANTS.iter().map(|code| (name(*code), of(*code))).collect()
}

fn of(code: Code) -> Value {
    let mut own = extensions(code);
    own["properties"]["code"] = json!({ "const": code.name() });
    own["properties"]["status"] = json!({ "const": code.status().as_u16() });
    own["properties"]["type"] = json!({ "const": format!("/problems/{}", code.name()) });
    json!({ "description": explain(code).meaning, "allOf": [schema("Problem"), own] })
}

/// What a problem of this code says beyond what all of them say.
fn extensions(code: Code) -> Value {
    let text = json!({ "type": "string" });
    let known = json!({ "type": "array", "items": text, "description": "What there is." });
    let unknown = json!({ "required": ["known"], "properties": { "known": known } });
    let errors = json!({ "type": "array", "minItems": 1, "items": schema("FieldError") });
    let wanted = or_null(&schema("Position"));
    let reason = json!({ "type": "string", "description": "The refusal's name. Its data stands beside it." });
    let own = [
        (Code::InvalidPayload, json!({ "required": ["errors"], "properties": { "errors": errors } })),
        (Code::UnknownCategory, json!({ "properties": { "known": known } })),
        (Code::UnknownCommand, json!({ "properties": { "known": known } })),
        (Code::UnknownView, unknown),
        (
            Code::VersionMismatch,
            json!({ "required": ["version"], "properties": { "version": schema("Version") } }),
        ),
        (Code::Refused, json!({ "required": ["reason"], "properties": { "reason": reason } })),
        (
            Code::ProjectionBehind,
            json!({
                "required": ["position", "wanted"],
                "properties": { "position": schema("Position"), "wanted": wanted },
            }),
        ),
    ];
    own.into_iter().find_map(|(it, own)| (it == code).then_some(own)).unwrap_or_else(|| json!({}))
}

/// An example for each code, by name.
pub fn examples() -> BTreeMap<&'static str, Value> {
    Code::VARIANTS.iter().map(|code| (code.name(), json!({ "value": example(*code) }))).collect()
}

/// How an aggregate says no, for instance.
fn no(reason: &str, refused: &Refused) -> Value {
    let mut problem = Value::Object(refused.data.clone());
    for (name, value) in json!(example(Code::Refused)).as_object().expect("a problem is an object") {
        if ["type", "title", "status", "code"].contains(&name.as_str()) {
            problem[name] = value.clone();
        }
    }
    problem["detail"] = refused.detail.as_str().into();
    problem["reason"] = reason.into();
    problem
}
