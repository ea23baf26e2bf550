//! Whether a value is as a document says: for tests.

use serde_json::{Value, json};

/// Holds a value against a schema, which may refer to the components of its document. What is wrong
/// is told in words.
pub fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let whole = json!({ "allOf": [schema], "components": { "schemas": document["components"]["schemas"] } });
    let validator = jsonschema::options().should_validate_formats(true).build(&whole);
    let validator = validator.map_err(|error| format!("the schema is none: {error}"))?;
    validator.validate(value).map_err(|error| format!("{} {error}", error.instance_path()))
}
