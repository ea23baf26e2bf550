//! The log: one subject, and on it entries.

use annals_core::{
    Catalog, Category,
    log::{Entry, EntryBody, SUBJECT, header},
};
use serde_json::{Value, json};

use super::{Part, refer};
use crate::openapi::{
    events::data,
    rehearsal, schema,
    schemas::{object, time, uuid},
};

/// The log.
pub fn of(catalog: &Catalog) -> Part {
    let mut part = Part::default();
    for category in catalog.categories() {
        for kind in category.events.keys() {
            part.schemas.insert(cloud_event_of(category, kind), event(category, kind));
        }
    }
    let events: Vec<_> = part.schemas.keys().map(|event| schema(event)).collect();
    part.messages.insert("entry".into(), entry(catalog, &events));
    let about = "The stream `EVENTS`: what happened, in order. The sequence of an entry is its position; an event is \
        found by that and its index in the array, its place. A message is an entry only if `Annals-Previous` names \
        the entry before it and `Annals-Hash` is the hash of its body; everything else is to be skipped.";
    part.channel("events", SUBJECT, &[], about);
    let operation = json!({
        "action": "send",
        "channel": refer("/channels/events"),
        "messages": [refer("/channels/events/messages/entry")],
        "summary": "Something has happened.",
    });
    part.operations.insert("happened".into(), operation);
    part
}

fn entry(catalog: &Catalog, events: &[Value]) -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let matching = |pattern: &str, description: &str| json!({ "type": "string", "pattern": pattern, "description": description });
    json!({
        "name": "entry",
        "title": "An entry",
        "summary": "The commits that were stored together.",
        "description": "A commit is adjacent events of one command on one aggregate, oldest first; their versions have no \
            gaps. The commits of one command are adjacent, and never split. The array may be empty.",
        "contentType": Entry::CONTENT_TYPE,
        "headers": object(
            "NATS headers, each exactly once.",
            &[header::ENTRY, header::PREVIOUS, header::HASH, "Nats-Msg-Id"],
            &json!({
                header::ENTRY: { "type": "string", "const": Entry::FORMAT, "description": "The format." },
                header::PREVIOUS: matching("^[0-9]+ [0-9a-f]{64}$", "Position and hash of the entry before; of the \
                    first, 0 and the SHA-256 of `annals:{log id}:main`."),
                header::HASH: matching("^[0-9a-f]{64}$", "SHA-256 of the 32 bytes of the hash before and the body."),
                header::COMMITS: text("How many commits it holds: a hint."),
                header::EVENTS: text("How many events it holds: a hint."),
                "Nats-Msg-Id": uuid(),
                "Nats-Expected-Last-Subject-Sequence": text("The position of the entry before."),
                "Content-Type": { "type": "string", "const": Entry::CONTENT_TYPE },
            }),
        ),
        "payload": { "type": "array", "items": { "oneOf": events } },
        "examples": [example(catalog)],
    })
}

/// The beginning of a stream of each category, in one entry.
fn example(catalog: &Catalog) -> Value {
    let mut body = EntryBody::new();
    for category in catalog.categories() {
        let rehearsal = rehearsal::of(category);
        let first = rehearsal.stored.values().find(|stored| stored.commit.events[0].version == 1);
        body.push(first.map_or(&[], |stored| std::slice::from_ref(&stored.commit))).expect("it is short");
    }
    let payload: Value = serde_json::from_slice(&body.finish()).expect("it was written as JSON");
    json!({ "payload": payload })
}

fn cloud_event_of(category: &Category, kind: &str) -> String {
    format!("{}.{kind}", category.name)
}

/// As it is written today. What was written under an older schema is still there as it was.
fn event(category: &Category, kind: &str) -> Value {
    let present = category.schema_version(kind);
    let today = json!({
        "required": if present > 1 { vec!["schema"] } else { vec![] },
        "properties": { "schema": { "const": present }, "data": schema(&data(category.name, kind)) },
    });
    let older = json!({ "properties": {
        "schema": { "minimum": 1, "maximum": present - 1 },
        "data": { "type": "object", "description": "As it was written then." },
    } });
    let own = json!({ "properties": {
        "type": { "const": kind },
        "source": { "pattern": format!("^{}/", category.name) },
    } });
    let shape = if present > 1 { json!({ "oneOf": [today, older] }) } else { today };
    let description = category.events[kind]["description"].as_str().unwrap_or(kind);
    json!({ "description": description, "allOf": [schema("CloudEvent"), own, shape] })
}

/// What all events have.
pub fn cloud_event() -> Value {
    let text = json!({ "type": "string" });
    let said = |schema: Value, what: &str| json!({ "allOf": [schema], "description": what });
    let properties = json!({
        "specversion": { "type": "string", "const": "1.0" },
        "id": said(uuid(), "Derived from the command's id and the event's place in the command."),
        "source": { "type": "string", "format": "uri-reference", "description": "The aggregate: `{category}/{id}`." },
        "type": text,
        "time": time(),
        "version": schema("Version"),
        "schema": {
            "type": "integer", "minimum": 1, "default": 1, "description": "The schema that the data is written in.",
        },
        "commandid": uuid(),
        "correlationid": said(
            uuid(),
            "Shared by everything that follows from one request; left out where it is the command's id.",
        ),
        "causationid": said(uuid(), "The event that a reactor acted on; left out where it is the command's id."),
        "actor": { "type": "string", "default": "anonymous" },
        "metadata": { "type": "string", "description": "A flat JSON object, as text: attributes are scalars." },
        "traceparent": text,
        "fingerprint": {
            "type": "string", "pattern": "^[0-9a-f]{32}$",
            "description": "The first half of the SHA-256 of the command's name and data.",
        },
        "data": { "type": "object" },
    });
    let required =
        ["specversion", "id", "source", "type", "time", "version", "commandid", "fingerprint", "data"];
    object("A CloudEvents 1.0 event, without what can be derived from the rest.", &required, &properties)
}
