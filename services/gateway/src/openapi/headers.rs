//! Headers of answers.

use serde_json::{Value, json};

use super::parameters::number;

/// All of the components, by name.
pub fn all() -> Value {
    let text = json!({ "type": "string" });
    json!({
        "Annals-Position": header("Everything in the log up to here is in the answer.", &number()),
        "ETag": header("The stream's version.", &json!({ "type": "string", "pattern": "^\"[0-9]+\"$" })),
        "Idempotency-Replayed": header(
            "This is what the first command with the same key answered.",
            &json!({ "type": "string", "const": "true" }),
        ),
        "Link": header("`rel=\"next\"`: the page after this one.", &text),
        "Location": header("Where to look next.", &json!({ "type": "string", "format": "uri-reference" })),
        "Preference-Applied": header("The preference that was followed.", &text),
        "Retry-After": header("Come back after so many seconds.", &json!({ "type": "integer", "minimum": 0 })),
        "X-Correlation-Id": header(
            "What the events of the command, and all that follows, are related by.",
            &json!({ "type": "string", "format": "uuid" }),
        ),
    })
}

fn header(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "schema": schema })
}
