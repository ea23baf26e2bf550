//! `GET /asyncapi.json`: what goes over NATS, in the words of `AsyncAPI` 3.0, for services that read the log
//! or give commands without HTTP.

mod commands;
mod events;

use std::collections::BTreeMap;

use annals_core::Catalog;
use serde_json::{Map, Value, json};

use crate::openapi::{self, info};

/// The whole document.
pub fn document(catalog: &Catalog) -> Value {
    let shared_parts = [events::of(catalog), commands::answered()];
    let parts: Vec<_> = shared_parts.into_iter().chain(catalog.categories().map(commands::of)).collect();
    let gather = |part: fn(&Part) -> &Map<String, Value>| {
        parts.iter().flat_map(|it| part(it).clone()).collect::<Map<_, _>>()
    };
    let mut schemas = gather(|part| &part.schemas);
    schemas.extend(shared(catalog));
    json!({
        "asyncapi": "3.0.0",
        "info": info_here(),
        "defaultContentType": "application/json",
        "servers": { "nats": {
            "host": "localhost:4222",
            "protocol": "nats",
            "description": "With JetStream. `annals up` prints the address of its own.",
        } },
        "channels": gather(|part| &part.channels),
        "operations": gather(|part| &part.operations),
        "components": {
            "messages": gather(|part| &part.messages),
            "schemas": schemas,
            "parameters": {
                "id": { "description": "The aggregate: a UUID in lower case." },
                "command_id": { "description": "The command: a UUID in lower case." },
            },
        },
    })
}

/// What one subject adds to the document.
#[derive(Default)]
struct Part {
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
    schemas: Map<String, Value>,
}

impl Part {
    /// Subjects on which these messages go, by name.
    fn channel(&mut self, name: &str, address: &str, parameters: &[&str], description: &str) {
        let all = |names: &mut dyn Iterator<Item = &str>, kind: &str| {
            names
                .map(|name| (name.to_owned(), refer(&format!("/components/{kind}/{name}"))))
                .collect::<Map<_, _>>()
        };
        let channel = json!({
            "address": address,
            "description": description,
            "servers": [refer("/servers/nats")],
            "parameters": all(&mut parameters.iter().copied(), "parameters"),
            "messages": all(&mut self.messages.keys().map(String::as_str), "messages"),
        });
        self.channels.insert(name.to_owned(), channel);
    }
}

/// Something else in this document.
fn refer(place: &str) -> Value {
    json!({ "$ref": format!("#{place}") })
}

fn info_here() -> Value {
    let mut info = info();
    info.as_object_mut().expect("it is one").remove("summary");
    info["license"].as_object_mut().expect("it has one").remove("identifier");
    info["description"] = "What the services of Annals say to each other over NATS. The stream `EVENTS` holds the \
        log on the subject `events.main`: each message is an entry, the commits that were stored together, as a \
        CloudEvents batch. Its sequence in the stream is its position. Only one command service at a time writes there."
        .into();
    info
}

/// What HTTP shows in the same way.
fn shared(catalog: &Catalog) -> BTreeMap<String, Value> {
    const NAMES: [&str; 7] = ["Position", "Place", "Version", "Metadata", "Accepted", "Event", "FieldError"];
    let mut shared = openapi::schemas::all();
    shared.extend(openapi::events::schemas(catalog));
    let own = catalog.categories().map(|it| format!("{}.events.", it.name)).collect::<Vec<_>>();
    shared.retain(|name, _| NAMES.contains(&name.as_str()) || own.iter().any(|own| name.starts_with(own)));
    shared.extend([
        ("CloudEvent".to_owned(), events::cloud_event()),
        ("Context".to_owned(), commands::context()),
    ]);
    shared
}

#[cfg(test)]
#[path = "asyncapi_tests.rs"]
mod tests;
