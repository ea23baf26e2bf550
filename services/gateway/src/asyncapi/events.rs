//! The log: a subject for each aggregate, and on it commits.

use annals_core::{Category, Commit, StoredCommit};
use serde_json::{Value, json};

use super::{Part, refer};
use crate::openapi::{
    events::data,
    rehearsal, schema,
    schemas::{object, time, uuid},
};

/// The log of one category.
pub fn of(category: &Category) -> Part {
    let name = category.name;
    let mut part = Part::default();
    for kind in category.events.keys() {
        part.schemas.insert(cloud_event_of(category, kind), event(category, kind));
    }
    let events: Vec<_> = part.schemas.keys().map(|event| schema(event)).collect();
    let message = format!("{name}.commit");
    part.messages.insert(message.clone(), commit(category, &events));
    let channel = format!("{name}.events");
    let about = format!(
        "What happened to one {name}, in order: the sequence in the stream `EVENTS` is the position."
    );
    part.channel(&channel, &format!("events.{name}.{{id}}"), &["id"], &about);
    let operation = json!({
        "action": "send",
        "channel": refer(&format!("/channels/{channel}")),
        "messages": [refer(&format!("/channels/{channel}/messages/{message}"))],
        "summary": format!("Something has happened to one {name}."),
    });
    part.operations.insert(format!("{name}.happened"), operation);
    part
}

fn commit(category: &Category, events: &[Value]) -> Value {
    json!({
        "name": format!("{}.commit", category.name),
        "title": "A commit",
        "summary": "The events of one command, oldest first; their versions have no gaps.",
        "contentType": Commit::CONTENT_TYPE,
        "headers": object("NATS headers.", &["Nats-Msg-Id", "Content-Type"], &json!({
            "Nats-Msg-Id": uuid(),
            "Content-Type": { "type": "string", "const": Commit::CONTENT_TYPE },
            "Nats-Expected-Last-Subject-Sequence": {
                "type": "string", "description": "The position of the aggregate's previous commit; 0 at first.",
            },
            "traceparent": { "type": "string" },
        })),
        "payload": { "type": "array", "minItems": 1, "items": { "oneOf": events } },
        "examples": rehearsal::of(category).stored.values().map(example).collect::<Vec<_>>(),
    })
}

fn example(stored: &StoredCommit) -> Value {
    let bytes = stored.commit.encode().expect("a rehearsal is short");
    let payload: Value = serde_json::from_slice(&bytes).expect("it was written as JSON");
    json!({ "payload": payload })
}

fn cloud_event_of(category: &Category, kind: &str) -> String {
    format!("{}.{kind}", category.name)
}

/// As it is written today. What was written under an older schema is still there as it was.
fn event(category: &Category, kind: &str) -> Value {
    let present = category.schema_version(kind);
    let today = json!({ "properties": {
        "schema": { "const": present }, "data": schema(&data(category.name, kind)),
    } });
    let older = json!({ "properties": {
        "schema": { "minimum": 1, "maximum": present - 1 },
        "data": { "type": "object", "description": "As it was written then." },
    } });
    let own = json!({ "properties": {
        "type": { "const": kind },
        "source": { "pattern": format!("^/v1/streams/{}/", category.name) },
    } });
    let shape = if present > 1 { json!({ "oneOf": [today, older] }) } else { today };
    let description = category.events[kind]["description"].as_str().unwrap_or(kind);
    json!({ "description": description, "allOf": [schema("CloudEvent"), own, shape] })
}

/// What all events have.
pub fn cloud_event() -> Value {
    let text = json!({ "type": "string" });
    let hash = json!({ "type": "string", "pattern": "^[0-9a-f]{64}$" });
    let said = |schema: Value, what: &str| json!({ "allOf": [schema], "description": what });
    let properties = json!({
        "specversion": { "type": "string", "const": "1.0" },
        "id": uuid(),
        "source": { "type": "string", "format": "uri-reference", "description": "The stream, as HTTP names it." },
        "type": text,
        "subject": said(uuid(), "The aggregate."),
        "time": time(),
        "datacontenttype": { "type": "string", "const": "application/json" },
        "version": schema("Version"),
        "schema": { "type": "integer", "minimum": 1, "description": "The schema that the data is written in." },
        "commandid": uuid(),
        "correlationid": said(uuid(), "Shared by everything that follows from one request."),
        "causationid": said(uuid(), "The command, or the event that a reactor acted on."),
        "actor": text,
        "metadata": { "type": "string", "description": "A flat JSON object, as text: attributes are scalars." },
        "traceparent": text,
        "fingerprint": said(hash.clone(), "SHA-256 of the command's name and data."),
        "previoushash": said(hash, "SHA-256 of the aggregate's previous commit, as stored."),
        "data": { "type": "object" },
    });
    let optional = ["traceparent", "previoushash"];
    let names = properties.as_object().expect("it is one").keys().map(String::as_str);
    let required: Vec<_> = names.filter(|name| !optional.contains(name)).collect();
    object("A CloudEvents 1.0 event.", &required, &properties)
}
