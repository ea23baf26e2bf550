//! What is sent and answered, whatever the domain.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{parameters::number, schema};

/// An object of these fields, with a description if there is one. Answers may get further fields in time.
pub fn object(description: &str, required: &[&str], properties: &Value) -> Value {
    let object = json!({ "type": "object", "required": required, "properties": properties });
    if description.is_empty() { object } else { described(object, description) }
}

/// The same schema, and what it is of.
fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = description.into();
    schema
}

/// The same, or null.
pub fn or_null(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// A UUID in lower case.
pub fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

/// A time in UTC with microseconds.
pub fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

/// Some of a kind.
pub fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// All of the components, by name.
pub fn all() -> BTreeMap<String, Value> {
    [basics(), happenings(), commands(), descriptions(), conditions()]
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

type Named = Vec<(&'static str, Value)>;

fn basics() -> Named {
    let text = json!({ "type": "string" });
    let problem = json!({
        "type": { "type": "string", "format": "uri-reference", "description": "Leads to a page that explains it." },
        "title": text,
        "status": { "type": "integer" },
        "detail": { "type": "string", "description": "A full sentence for a person." },
        "instance": { "type": "string", "format": "uri-reference" },
        "code": { "type": "string", "description": "What a program may rely on." },
    });
    let scalar = json!({ "type": ["string", "number", "boolean", "null"] });
    let address = json!({ "oneOf": [number(), { "type": "string", "pattern": "^[0-9]+\\.[0-9]+$" }] });
    vec![
        ("Position", described(number(), "Of an entry in the whole log. All events of an entry share it.")),
        ("Place", described(number(), "The number of an event in its entry, from 0.")),
        (
            "Address",
            described(
                address,
                "An event's position and place, such as `\"1042.3\"`; or a position: all of that entry.",
            ),
        ),
        ("Version", described(number(), "The number of events in a stream.")),
        (
            "Problem",
            object("A failure (RFC 9457).", &["type", "title", "status", "detail", "code"], &problem),
        ),
        (
            "FieldError",
            object(
                "One thing that is wrong with a payload.",
                &["pointer", "detail"],
                &json!({
                    "pointer": { "type": "string", "format": "json-pointer", "description": "Where." },
                    "detail": { "type": "string", "description": "What, in words." },
                }),
            ),
        ),
        (
            "Metadata",
            json!({
                "type": "object", "additionalProperties": scalar,
                "description": "The client's own notes: who, why, from where. At most 4 KiB.",
            }),
        ),
    ]
}

fn happenings() -> Named {
    let page = json!({
        "events": list(&schema("Event")), "next": schema("Address"),
        "end": { "type": "boolean", "description": "There is nothing more that matches, up to `next`." },
    });
    let stream = json!({
        "events": list(&schema("Event")),
        "version": schema("Version"),
        "next": { "anyOf": [schema("Version"), { "type": "null" }], "description": "What to ask for `after`, if there is more." },
    });
    let row = json!({
        "id": uuid(), "version": schema("Version"), "last_position": schema("Position"), "last_recorded_at": time(),
    });
    let row = object("", &["id", "version", "last_position", "last_recorded_at"], &row);
    let streams = json!({
        "streams": list(&row),
        "count": { "type": "integer", "minimum": 0, "description": "How many the category has." },
        "next": { "type": ["string", "null"], "description": "What to ask for as `cursor`, if there are more." },
    });
    let state = json!({
        "version": schema("Version"), "position": schema("Position"),
        "state": { "type": "object", "description": "As its rules see it; it may change with them." },
    });
    vec![
        (
            "EventPage",
            object("A part of the log. `next`: what to ask for `after`.", &["events", "next", "end"], &page),
        ),
        ("StreamList", object("The streams of a category.", &["streams", "count", "next"], &streams)),
        ("StreamPage", object("A part of a stream, oldest first.", &["events", "version", "next"], &stream)),
        ("State", object("An aggregate, folded from its events.", &["version", "position", "state"], &state)),
    ]
}

fn commands() -> Named {
    let accepted = json!({
        "command_id": uuid(), "category": { "type": "string" }, "id": uuid(), "version": schema("Version"),
        "position": schema("Position"),
        "events": { "type": "array", "items": schema("Event"), "description": "Empty if nothing changed." },
    });
    let outcome = |state: &str, more: Option<(&str, &str)>| {
        let mut outcome = object(
            "",
            &["command_id", "state"],
            &json!({
                "command_id": uuid(), "state": { "type": "string", "const": state },
            }),
        );
        if let Some((field, name)) = more {
            outcome["required"] = json!(["command_id", "state", field]);
            outcome["properties"][field] = schema(name);
        }
        outcome
    };
    let outcomes = [
        outcome("pending", None),
        outcome("succeeded", Some(("result", "Accepted"))),
        outcome("refused", Some(("problem", "Problem"))),
        outcome("failed", Some(("problem", "Problem"))),
    ];
    let mut taken = outcome("pending", None);
    taken["properties"]["state"] = json!({
        "type": "string", "enum": ["pending", "succeeded"],
        "description": "`succeeded`: this is a repeat, and the first one has been carried out.",
    });
    let required = ["command_id", "category", "id", "version", "position", "events"];
    vec![
        (
            "Accepted",
            object("A command that was carried out, or that changed nothing.", &required, &accepted),
        ),
        ("Outcome", json!({ "oneOf": outcomes, "description": "What became of a command." })),
        ("Taken", taken),
    ]
}

/// What `/v1/catalog` is made of.
fn descriptions() -> Named {
    let text = json!({ "type": "string" });
    let named_schema = |name: &str| json!({ name: text, "schema": { "type": "object" } });
    let mut command = named_schema("name");
    command["internal"] = json!({ "type": "boolean" });
    let mut event = named_schema("type");
    event["schema_version"] = json!({ "type": "integer", "minimum": 1 });
    event["read_by"] =
        object("", &["views", "reactors"], &json!({ "views": list(&text), "reactors": list(&text) }));
    let category = json!({
        "name": text,
        "commands": list(&object("", &["name", "internal", "schema"], &command)),
        "events": list(&object("", &["type", "schema_version", "schema", "read_by"], &event)),
        "refusals": list(&object("", &["reason", "schema"], &named_schema("reason"))),
    });
    let column = json!({ "name": text, "kind": { "enum": ["id", "text", "integer", "time", "date"] } });
    let order = json!({ "by": list(&text), "descending": { "type": "boolean" } });
    let view = json!({
        "name": text, "version": { "type": "integer" }, "key": list(&text), "filters": list(&text), "reads": list(&text),
        "columns": list(&object("", &["name", "kind"], &column)), "order": object("", &["by", "descending"], &order),
    });
    let wakes = object(
        "",
        &["category", "event"],
        &json!({ "category": text, "event": { "type": ["string", "null"] } }),
    );
    let reactor = json!({ "name": text, "from": { "enum": ["beginning", "now"] }, "wakes": list(&wakes) });
    let catalog = json!({
        "categories": list(&object("", &["name", "commands", "events", "refusals"], &category)),
        "views": list(&schema("View")),
        "reactors": list(&object("", &["name", "from", "wakes"], &reactor)),
    });
    let shown = ["name", "version", "columns", "key", "order", "filters", "reads"];
    vec![
        (
            "Catalog",
            object(
                "What can be asked, what can happen then, and who reads of it.",
                &["categories", "views", "reactors"],
                &catalog,
            ),
        ),
        ("View", object("What a view shows.", &shown, &view)),
    ]
}

/// How things are.
fn conditions() -> Named {
    let progress = json!({
        "position": or_null(&schema("Position")),
        "lag_events": or_null(&number()),
        "lag_seconds": { "type": ["number", "null"], "minimum": 0 },
    });
    let with = |more: Value| {
        let mut all = progress.clone();
        all.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
        all
    };
    let view = with(json!({ "state": { "enum": ["live", "building", "degraded", "unreachable"] } }));
    let reactor = with(json!({
        "name": { "type": "string" }, "retries": or_null(&number()),
        "state": { "enum": ["live", "degraded", "unreachable"] },
    }));
    let ready = json!({
        "ready": { "type": "boolean" },
        "durable": { "enum": [true, false, "unknown"], "description": "Whether acknowledged means on disk." },
        "degraded": list(&json!({ "type": "string" })),
        "services": { "type": "object", "additionalProperties": { "type": "boolean" } },
    });
    let view = object("How far it is.", &["position", "lag_events", "lag_seconds", "state"], &view);
    vec![
        (
            "ViewStatus",
            json!({ "description": "A view, and how it is doing.", "allOf": [schema("View"), view] }),
        ),
        (
            "ReactorStatus",
            object(
                "How a reactor is doing.",
                &["name", "position", "lag_events", "lag_seconds", "retries", "state"],
                &reactor,
            ),
        ),
        (
            "Readiness",
            object("Whether the system can serve.", &["ready", "durable", "degraded", "services"], &ready),
        ),
    ]
}
