//! What may be asked for in headers and queries, wherever it is the same.

use serde_json::{Map, Value, json};

/// The schema of a position or a version.
pub fn number() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX })
}

/// A position, or a position and a place.
pub const ADDRESS: &str = "^[0-9]+(\\.[0-9]+)?$";

/// In the path, where everything is required.
pub fn in_path(name: &str, schema: &Value, description: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": description })
}

/// In the query.
pub fn in_query(name: &str, schema: &Value, description: &str) -> Value {
    json!({ "name": name, "in": "query", "schema": schema, "description": description })
}

/// A size of pages.
pub fn limit(default: u32) -> Value {
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": 500, "default": default });
    in_query("limit", &schema, "At most so many. A page also ends at 512 KiB.")
}

/// All of the components, by name.
pub fn all() -> Map<String, Value> {
    let headers = of_commands().into_iter().chain(of_reads()).map(|(key, schema, description)| {
        // Two kinds of preferences share one header.
        let name = if key.starts_with("Prefer") { "Prefer" } else { key };
        let header = json!({ "name": name, "in": "header", "schema": schema, "description": description });
        (key.to_owned(), header)
    });
    let id = in_path("id", &json!({ "type": "string", "format": "uuid" }), "The aggregate, in either case.");
    headers.chain([("id".to_owned(), id)]).collect()
}

/// A name, a schema, and what is to be said about it.
type Header = (&'static str, Value, &'static str);

fn of_commands() -> Vec<Header> {
    let key = "^([!#-~][!-~]{0,254}|\"[!-~]{1,255}\")$";
    vec![
        (
            "Idempotency-Key",
            json!({ "type": "string", "minLength": 1, "maxLength": 257, "pattern": key }),
            "1 to 255 visible characters, bare or in quotes. A repeat with the same key, aggregate, command and \
             body answers what the first one answered and stores nothing, however long ago that was.",
        ),
        (
            "If-Match",
            json!({ "type": "string", "minLength": 3, "pattern": "^\"[0-9]+\"$" }),
            "Only if the stream is at this version, such as `\"3\"`. Not together with `If-None-Match`.",
        ),
        ("If-None-Match", json!({ "type": "string", "enum": ["*"] }), "Only if the stream has no event yet."),
        (
            "Prefer-Async",
            json!({ "type": "string", "examples": ["respond-async"] }),
            "`respond-async`: the command is checked, kept on disk and answered 202; it is carried out once. \
             Preferences that are not known are ignored.",
        ),
        (
            "traceparent",
            json!({ "type": "string" }),
            "W3C trace context: one trace from here to the last reactor. What is not well-formed is ignored.",
        ),
        (
            "X-Correlation-Id",
            json!({ "type": "string", "format": "uuid" }),
            "Copied on every event and reaction that follows; drawn if absent.",
        ),
    ]
}

fn of_reads() -> Vec<Header> {
    vec![
        (
            "Annals-Min-Position",
            number(),
            "Answer once everything up to this position is there, which must not be beyond the log's end.",
        ),
        (
            "Prefer-Wait",
            json!({ "type": "string", "examples": ["wait=5"] }),
            "`wait=N`: how many seconds to wait for `Annals-Min-Position`, 2 by default and 30 at most. \
             Preferences that are not known are ignored.",
        ),
        (
            "Last-Event-ID",
            json!({ "type": "string", "pattern": ADDRESS, "examples": ["1042.3"] }),
            "For server-sent events, and of no meaning elsewhere: resume after this event, or after all of a \
             position, whatever `after` says.",
        ),
    ]
}
