//! Commands: asked of the command service, or left for it in a queue.

use annals_core::Category;
use serde_json::{Value, json};

use super::{Part, refer};
use crate::openapi::{
    sample, schema,
    schemas::{list, object, uuid},
};

/// The commands of one category, those that HTTP does not know among them.
pub fn of(category: &Category) -> Part {
    let name = category.name;
    let mut part = Part::default();
    for (command, data) in &category.commands {
        part.schemas.insert(format!("{name}.commands.{command}"), data.clone());
        part.messages.insert(format!("{name}.{command}"), message(category, command, data));
    }
    let channel = format!("{name}.commands-async");
    let about =
        "The work queue `COMMANDS`. Nothing is answered: `GET /v1/commands/{command_id}` shows the outcome.";
    let address = format!("commands-async.{name}.{{id}}.{{command_id}}");
    part.channel(&channel, &address, &["id", "command_id"], about);
    let message = |name: &String| refer(&format!("/channels/{channel}/messages/{name}"));
    let operation = json!({
        "action": "receive",
        "channel": refer(&format!("/channels/{channel}")),
        "messages": part.messages.keys().map(message).collect::<Vec<_>>(),
    });
    part.operations.insert(channel.clone(), operation);
    part
}

/// Commands that are answered: those that wait together travel together, and so do their answers.
pub fn answered() -> Part {
    let mut part = Part::default();
    part.messages.insert("requests".into(), json!({
        "name": "requests",
        "title": "Commands",
        "summary": "Lines of `{number} {deadline} {JSON}`.",
        "description": "The number is the sender's own, and comes back with the answer. The deadline is in microseconds \
            since 1970. The JSON is the payload of one of the messages `{category}.{command}`, without line breaks.",
        "contentType": "text/plain",
        "payload": { "type": "string", "pattern": "^([0-9]+ [0-9]+ \\{.*\\}\n)+$" },
    }));
    part.channel("commands", "commands.any", &[], "Answered by the command service.");
    part.operations.insert(
        "commands".into(),
        json!({
            "action": "receive",
            "channel": refer("/channels/commands"),
            "messages": [refer("/channels/commands/messages/requests")],
            "reply": {
                "address": { "location": "$message.header#/reply", "description": "Where NATS says." },
                "channel": refer("/channels/replies"),
                "messages": [refer("/channels/replies/messages/replies")],
            },
        }),
    );
    part.channels.insert(
        "replies".into(),
        json!({
            "address": null,
            "description": "The reply subject of a message.",
            "messages": { "replies": refer("/components/messages/replies") },
        }),
    );
    part.messages.insert(
        "replies".into(),
        json!({
            "name": "replies",
            "title": "What became of commands",
            "summary": "Lines of `{number} {JSON}`, in any order and in any number of messages.",
            "description": "The JSON is a `Reply`, without line breaks.",
            "contentType": "text/plain",
            "payload": { "type": "string", "pattern": "^([0-9]+ \\{.*\\}\n)+$" },
        }),
    );
    part.schemas.insert("Reply".into(), reply());
    part
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
        "first_sending": {
            "type": "boolean", "default": false,
            "description": "Whether the id was drawn for this message, so that no repeat is looked for.",
        },
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

fn reply() -> Value {
    let failure = json!({
        "code": { "type": "string", "description": "As in the problems of HTTP." },
        "errors": list(&schema("FieldError")),
    });
    let done =
        object("It was carried out, or changed nothing.", &["Ok"], &json!({ "Ok": schema("Accepted") }));
    let failed = object("", &["code"], &failure);
    let failed =
        object("It was not; the failure's data stands beside its code.", &["Err"], &json!({ "Err": failed }));
    json!({ "description": "What became of a command.", "oneOf": [done, failed] })
}
