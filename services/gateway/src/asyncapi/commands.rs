//! Commands: asked of the command service, or left for it in a queue.

use annals_core::Category;
use serde_json::{Value, json};

use super::{Part, refer};
use crate::openapi::{
    sample, schema,
    schemas::{list, object, or_null, uuid},
};

/// The commands of one category, those that HTTP does not know among them.
pub fn of(category: &Category) -> Part {
    let name = category.name;
    let mut part = Part::default();
    for (command, data) in &category.commands {
        part.schemas.insert(format!("{name}.commands.{command}"), data.clone());
        part.messages.insert(format!("{name}.{command}"), message(category, command, data));
    }
    for (channel, address, parameters, about) in [
        ("commands", format!("commands.{name}.{{id}}"), &["id"][..], "Answered by the command service."),
        (
            "commands-async",
            format!("commands-async.{name}.{{id}}.{{command_id}}"),
            &["id", "command_id"],
            "The work queue `COMMANDS`. Nobody waits: the outcome is kept for 24 h.",
        ),
    ] {
        part.channel(&format!("{name}.{channel}"), &address, parameters, about);
        let operation = operation(&part, &format!("{name}.{channel}"), channel == "commands");
        part.operations.insert(format!("{name}.{channel}"), operation);
    }
    part
}

fn operation(part: &Part, channel: &str, answered: bool) -> Value {
    let message = |name: &String| refer(&format!("/channels/{channel}/messages/{name}"));
    let mut operation = json!({
        "action": "receive",
        "channel": refer(&format!("/channels/{channel}")),
        "messages": part.messages.keys().map(message).collect::<Vec<_>>(),
    });
    if answered {
        operation["reply"] = json!({
            "address": { "location": "$message.header#/reply", "description": "Where NATS says." },
            "channel": refer("/channels/replies"),
            "messages": [refer("/channels/replies/messages/reply")],
        });
    }
    operation
}

fn message(category: &Category, command: &str, data: &Value) -> Value {
    let stream = json!({ "category": { "type": "string", "const": category.name }, "id": uuid() });
    let properties = json!({
        "id": uuid(),
        "stream": object("The aggregate.", &["category", "id"], &stream),
        "command": { "type": "string", "const": command },
        "data": schema(&format!("{}.commands.{command}", category.name)),
        "context": schema("Context"),
        "expected": {
            "description": "Where the stream must be.",
            "oneOf": [
                { "enum": ["any", "new"] },
                object("", &["version"], &json!({ "version": schema("Version") })),
            ],
        },
        "caused_at": or_null(&schema("Position")),
    });
    let internal = category.internal.contains(&command);
    let id = sample::of("id", &uuid());
    json!({
        "name": command,
        "title": format!("{} {command}", category.name),
        "summary": data["description"],
        "description": if internal { "Only reactors give it: HTTP does not know it." } else { "HTTP knows it, too." },
        "payload": object("A command.", &["id", "stream", "command", "data", "context"], &properties),
        "examples": [{ "payload": {
            "id": id, "stream": { "category": category.name, "id": sample::of(category.name, &uuid()) },
            "command": command, "data": sample::of("", data), "expected": "any",
            "context": { "correlation_id": id, "causation_id": id, "actor": "anonymous", "metadata": {} },
        } }],
    })
}

/// Where a command comes from.
pub fn context() -> Value {
    let text = json!({ "type": "string" });
    let properties = json!({
        "correlation_id": uuid(), "causation_id": uuid(), "actor": text, "metadata": schema("Metadata"),
        "trace": text,
    });
    object("Where a command comes from.", &["correlation_id", "causation_id", "actor"], &properties)
}

/// Where a command is answered: on a subject that the question brings along.
pub fn replies() -> Value {
    json!({
        "address": null,
        "description": "The reply subject of a question.",
        "messages": { "reply": refer("/components/messages/reply") },
    })
}

/// What became of it.
pub fn reply() -> Value {
    let failure = json!({
        "code": { "type": "string", "description": "As in the problems of HTTP." },
        "errors": list(&schema("FieldError")),
    });
    let done =
        object("It was carried out, or changed nothing.", &["Ok"], &json!({ "Ok": schema("Accepted") }));
    let failed = object("", &["code"], &failure);
    let failed =
        object("It was not; the failure's data stands beside its code.", &["Err"], &json!({ "Err": failed }));
    json!({ "name": "reply", "title": "What became of a command", "payload": { "oneOf": [done, failed] } })
}
