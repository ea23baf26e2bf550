//! Events: one shape, and the data that each type has in each schema.

use std::collections::BTreeMap;

use annals_core::{Catalog, Category};
use serde_json::{Value, json};

use super::{
    schema,
    schemas::{object, time, uuid},
};

/// The name of the schema of an event's data.
pub fn data(category: &str, event: &str) -> String {
    format!("{category}.events.{event}")
}

/// `Event`, and the data of every type as it is written today.
pub fn schemas(catalog: &Catalog) -> BTreeMap<String, Value> {
    let all = catalog.categories().flat_map(|it| it.events.iter().map(move |event| (it, event)));
    let mut schemas: BTreeMap<_, _> =
        all.map(|(it, (kind, schema))| (data(it.name, kind), schema.clone())).collect();
    schemas.insert("Event".into(), event(catalog));
    schemas
}

fn event(catalog: &Catalog) -> Value {
    let text = json!({ "type": "string" });
    let properties = json!({
        "id": uuid(), "type": text, "category": text, "stream_id": uuid(),
        "version": schema("Version"), "position": schema("Position"), "place": schema("Place"),
        "schema": { "type": "integer", "minimum": 1, "description": "The schema that the data is written in." },
        "recorded_at": time(), "correlation_id": uuid(), "causation_id": uuid(), "actor": text,
        "metadata": schema("Metadata"), "data": { "type": "object" },
    });
    let required: Vec<_> = properties.as_object().expect("it is one").keys().map(String::as_str).collect();
    let mut event = object("Something that happened.", &required, &properties);
    event["allOf"] = catalog.categories().flat_map(shapes).collect();
    event
}

/// What is stored is shown as it was written, so the shape is known of the present schema only.
fn shapes(category: &Category) -> impl Iterator<Item = Value> {
    category.events.keys().map(|kind| {
        let known = json!({
            "category": { "const": category.name },
            "type": { "const": kind },
            "schema": { "const": category.schema_version(kind) },
        });
        json!({
            "if": { "properties": known, "required": ["category", "type", "schema"] },
            "then": { "properties": { "data": schema(&data(category.name, kind)) } },
        })
    })
}
