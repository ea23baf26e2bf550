//! Values that fit a schema, for examples: the same every time.

use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A value for the schema `schema`; `name` is what it is called.
pub fn of(name: &str, schema: &Value) -> Value {
    let choices = [&schema["anyOf"], &schema["oneOf"]].into_iter().find_map(Value::as_array);
    let given = [&schema["const"], &schema["examples"][0], &schema["enum"][0]];
    if let Some(given) = given.into_iter().find(|it| !it.is_null()) {
        return given.clone();
    }
    if let Some(choices) = choices {
        let choice = choices.iter().find(|it| it["type"] != "null");
        return choice.map_or(Value::Null, |choice| of(name, choice));
    }
    match kind(schema) {
        "object" => object(schema),
        "array" => json!([]),
        "integer" | "number" => number(schema),
        "boolean" => json!(true),
        "string" => text(name, schema),
        _ => Value::Null,
    }
}

/// The type, or the first one that is not null.
fn kind(schema: &Value) -> &str {
    let several = schema["type"].as_array().into_iter().flatten();
    let mut names = several.chain([&schema["type"]]).filter_map(Value::as_str);
    names.find(|name| *name != "null").unwrap_or_default()
}

fn object(schema: &Value) -> Value {
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(|(name, schema)| (name.clone(), of(name, schema))).collect::<Map<_, _>>().into()
}

fn number(schema: &Value) -> Value {
    let bound = |name: &str, none| schema[name].as_i64().unwrap_or(none);
    json!(250.clamp(bound("minimum", i64::MIN), bound("maximum", i64::MAX)))
}

fn text(name: &str, schema: &Value) -> Value {
    match schema["format"].as_str() {
        // Another name, another id: nobody transfers money to themselves.
        Some("uuid") => json!(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())),
        Some("email") => json!("ada@example.com"),
        Some("date") => json!("2026-11-21"),
        Some("date-time") => json!("2026-11-21T09:30:00.123456Z"),
        _ => json!(name.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_fits_its_schema() {
        let schema = json!({
            "type": "object",
            "properties": {
                "amount": { "type": "integer", "minimum": 1, "maximum": 100 },
                "by": { "type": ["string", "null"], "format": "date" },
                "first_name": { "type": "string" },
                "kind": { "enum": ["red", "green"] },
                "other": { "anyOf": [{ "type": "null" }, { "type": "string", "format": "email" }] },
            },
        });
        assert_eq!(
            of("", &schema),
            json!({
                "amount": 100, "by": "2026-11-21", "first_name": "first name", "kind": "red",
                "other": "ada@example.com",
            })
        );
    }

    #[test]
    fn what_has_another_name_has_another_id() {
        let id = json!({ "type": "string", "format": "uuid" });
        assert_ne!(of("from", &id), of("to", &id));
        assert_eq!(of("from", &id), of("from", &id));
    }
}
