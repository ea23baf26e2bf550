//! Headers of answers.

use serde_json::{Map, Value, json};

use super::parameters::number;

/// What stands before the name of a header in the components where an answer may be without it.
const OPTIONAL: &str = "optional.";

/// A header that every such answer has.
pub fn always(name: &str) -> Value {
    json!({ "$ref": format!("#/components/headers/{name}") })
}

/// A header that some such answers have.
pub fn sometimes(name: &str) -> Value {
    always(&format!("{OPTIONAL}{name}"))
}

/// All of the components, by name: each twice, since only the header itself can say that it is required.
pub fn all() -> Map<String, Value> {
    let mut all = Map::new();
    for (name, mut header) in known() {
        all.insert(format!("{OPTIONAL}{name}"), header.clone());
        header["required"] = true.into();
        all.insert(name.to_owned(), header);
    }
    all
}

fn known() -> [(&'static str, Value); 8] {
    let text = json!({ "type": "string" });
    [
        header("Annals-Position", "Everything in the log up to here is in the answer.", &number()),
        header("ETag", "The stream's version.", &json!({ "type": "string", "pattern": "^\"[0-9]+\"$" })),
        header(
            "Idempotency-Replayed",
            "This is what the first command with the same key answered.",
            &json!({ "type": "string", "const": "true" }),
        ),
        header("Link", "`rel=\"next\"`: the page after this one.", &text),
        header("Location", "Where to look next.", &json!({ "type": "string", "format": "uri-reference" })),
        header("Preference-Applied", "The preference that was followed.", &text),
        header(
            "Retry-After",
            "Come back after so many seconds.",
            &json!({ "type": "integer", "minimum": 0 }),
        ),
        header(
            "X-Correlation-Id",
            "What the events of the command, and all that follows, are related by.",
            &json!({ "type": "string", "format": "uuid" }),
        ),
    ]
}

fn header(name: &'static str, description: &str, schema: &Value) -> (&'static str, Value) {
    (name, json!({ "description": description, "schema": schema }))
}
