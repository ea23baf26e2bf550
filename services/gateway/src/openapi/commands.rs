//! Commands: each by its own path, all through one door, and what became of them.

use std::collections::BTreeMap;

use annals_core::{Catalog, Category};
use serde_json::{Value, json};

use super::{
    operation::{Answer, Operation},
    parameters::in_path,
    problems,
    rehearsal::{self, Rehearsal},
    sample, schema,
    schemas::{object, uuid},
};
use crate::problem::Code;

const HEADERS: [&str; 6] =
    ["Idempotency-Key", "If-Match", "If-None-Match", "Prefer-Async", "traceparent", "X-Correlation-Id"];

const CODES: [Code; 11] = [
    Code::InvalidId,
    Code::InvalidQuery,
    Code::UnknownCategory,
    Code::UnknownCommand,
    Code::NotAcceptable,
    Code::Conflict,
    Code::CommandInFlight,
    Code::VersionMismatch,
    Code::Refused,
    Code::IdempotencyKeyReused,
    Code::EventQuarantined,
];

/// Every operation.
pub fn operations(catalog: &Catalog, rehearsals: &[Rehearsal]) -> Vec<Operation> {
    let of_category = |(category, rehearsal)| {
        public(category).map(move |(name, data)| by_path(category, rehearsal, name, data))
    };
    let all = catalog.categories().zip(rehearsals).flat_map(of_category);
    all.chain([door(catalog, rehearsals), outcome()]).collect()
}

/// Those that HTTP knows, with the schemas of their data.
fn public(category: &Category) -> impl Iterator<Item = (&String, &Value)> {
    category.commands.iter().filter(|(name, _)| !category.internal.contains(&name.as_str()))
}

fn by_path(category: &Category, rehearsal: &Rehearsal, name: &str, data: &Value) -> Operation {
    let path = format!("/v1/commands/{}/{{id}}/{name}", category.name);
    let body = schema(&command(category.name, name));
    let description = data["description"].as_str().unwrap_or_default();
    let operation = Operation::post(path, format!("{}.{name}", category.name))
        .says(category.name, &format!("{} {name}", category.name), description)
        .takes(&["id"])
        .body(json!({
            "required": data["required"].is_array() || data["minProperties"].is_number(),
            "content": { "application/json": { "schema": body, "example": sample::of("", data) } },
        }))
        .answers(
            422,
            json!({ "$ref": format!("#/components/responses/{}", problems::refusal_of(category.name)) }),
        );
    given(operation, rehearsal.accepted(name).as_ref())
}

/// What all commands have in common.
fn given(operation: Operation, example: Option<&Value>) -> Operation {
    let began = example.is_some_and(|it| it["version"] == it["events"].as_array().map_or(0, Vec::len));
    let accepted = |description: &str, shown: bool| {
        let headers = ["ETag", "Annals-Position", "X-Correlation-Id"];
        let answer = Answer::json(description, &schema("Accepted"));
        let answer = answer.headers(&headers).may_have("Idempotency-Replayed");
        match example {
            Some(example) if shown => answer.example(example.clone()),
            _ => answer,
        }
    };
    operation
        .takes(&HEADERS)
        .answers(200, accepted("Carried out; or nothing had to change, and `events` is empty.", !began))
        .answers(201, accepted("Carried out, and the stream began with it.", began).headers(&["Location"]))
        .answers(
            202,
            Answer::json("Kept on disk, to be carried out once.", &schema("Taken"))
                .headers(&["Location", "Preference-Applied", "X-Correlation-Id"])
                .may_have("Idempotency-Replayed"),
        )
        .fails(&CODES)
        .may_tell(problems::CORRELATION.0, problems::CORRELATION.1)
}

fn door(catalog: &Catalog, rehearsals: &[Rehearsal]) -> Operation {
    let examples: BTreeMap<_, _> = catalog
        .categories()
        .flat_map(|category| public(category).map(move |(name, data)| (category, name, data)))
        .map(|(category, name, data)| {
            let command = format!("{}.{name}", category.name);
            let id = sample::of(category.name, &uuid());
            let value = json!({ "command": command, "id": id, "data": sample::of("", data), "metadata": { "why": "an example" } });
            (command, json!({ "value": value }))
        })
        .collect();
    let operation = Operation::post("/v1/commands", "give")
        .says(
            "commands",
            "Any command",
            "All commands through one door. `id` may be left out for a command that creates.",
        )
        .body(json!({
            "required": true,
            "content": { "application/json": { "schema": schema("Command"), "examples": examples } },
        }));
    given(operation, rehearsals.iter().find_map(Rehearsal::beginning).as_ref())
}

fn outcome() -> Operation {
    Operation::get("/v1/commands/{command_id}", "outcome")
        .says(
            "commands",
            "What became of a command",
            "Of every one that stored something, for ever; of one with `Prefer: respond-async` that did not, until 24 h \
             after its outcome.",
        )
        .asks(in_path("command_id", &uuid(), "The command's id."))
        .answers(
            200,
            Answer::json("Pending, with `Retry-After`; or its outcome.", &schema("Outcome"))
                .may_have("Retry-After"),
        )
        .fails(&[Code::InvalidId, Code::InvalidQuery, Code::NotAcceptable, Code::EventQuarantined])
}

/// The name of the schema of a command's data.
pub fn command(category: &str, name: &str) -> String {
    format!("{category}.commands.{name}")
}

/// The data of every command, the body of the one door, and the refusals of every category.
pub fn schemas(catalog: &Catalog) -> BTreeMap<String, Value> {
    let mut schemas = BTreeMap::new();
    let mut choices = Vec::new();
    for category in catalog.categories() {
        for (name, data) in public(category) {
            schemas.insert(command(category.name, name), data.clone());
            choices.push(through_the_door(category, name, data));
        }
        for (reason, data) in &category.refusals {
            schemas.insert(refusal(category.name, reason), refused(reason, data));
        }
        let reasons = category.refusals.keys().map(|reason| schema(&refusal(category.name, reason)));
        let reasons: Vec<_> = reasons.collect();
        let any = if reasons.is_empty() {
            schema(&problems::name(Code::Refused))
        } else {
            json!({ "oneOf": reasons })
        };
        schemas.insert(format!("{}.Refusal", category.name), any);
    }
    schemas.insert("Command".into(), json!({ "description": "A command.", "oneOf": choices }));
    schemas
}

fn through_the_door(category: &Category, name: &str, data: &Value) -> Value {
    let properties = json!({
        "command": { "type": "string", "const": format!("{}.{name}", category.name) },
        "id": uuid(),
        "data": schema(&command(category.name, name)),
        "metadata": schema("Metadata"),
    });
    let mut required = vec!["command"];
    if data["required"].is_array() || data["minProperties"].is_number() {
        required.push("data");
    }
    if !rehearsal::creates(category, name, &sample::of("", data)) {
        required.push("id");
    }
    let mut command = object(data["description"].as_str().unwrap_or(name), &required, &properties);
    command["additionalProperties"] = false.into();
    command
}

fn refusal(category: &str, reason: &str) -> String {
    format!("{category}.refusals.{reason}")
}

/// A refusal's data stands beside the members of the problem.
fn refused(reason: &str, data: &Value) -> Value {
    let mut own = json!({ "properties": data["properties"], "required": data["required"] });
    if own["required"].is_null() {
        own["required"] = json!([]);
    }
    own["properties"]["reason"] = json!({ "const": reason });
    let description = data["description"].as_str().unwrap_or(reason);
    json!({ "description": description, "allOf": [schema(&problems::name(Code::Refused)), own] })
}
