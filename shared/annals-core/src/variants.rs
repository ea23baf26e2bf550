//! The JSON Schema of each variant of a domain's enums, by the variant's name.

use std::collections::BTreeMap;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// Commands and events, all of which are objects. A variant that is none goes by no name, and the
/// catalog refuses it.
pub(crate) fn of<T: JsonSchema>() -> BTreeMap<String, Value> {
    let described = |variant| with_data(&variant).unwrap_or_else(|| (String::new(), variant));
    all::<T>().into_iter().map(described).collect()
}

/// Refusals, which need no data.
pub(crate) fn with_or_without_data<T: JsonSchema>() -> BTreeMap<String, Value> {
    let described = |variant| match with_data(&variant) {
        Some(described) => vec![described],
        None => without_data(&variant),
    };
    all::<T>().into_iter().flat_map(described).collect()
}

/// The variants of an externally tagged enum, or what is said of all of them at once.
fn all<T: JsonSchema>() -> Vec<Value> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema])
}

fn with_data(variant: &Value) -> Option<(String, Value)> {
    let (name, data) = variant["properties"].as_object()?.iter().next()?;
    let mut data = data.clone();
    if let (Some(data), Some(text)) = (data.as_object_mut(), variant.get("description")) {
        data.insert("description".into(), text.clone());
    }
    Some((name.clone(), data))
}

/// A name alone, or several of which none has a description.
fn without_data(variant: &Value) -> Vec<(String, Value)> {
    let names = variant["enum"].as_array().into_iter().flatten().chain(variant.get("const"));
    let mut data = json!({ "type": "object", "properties": {} });
    if let Some(text) = variant.get("description") {
        data["description"] = text.clone();
    }
    names.filter_map(Value::as_str).map(|name| (name.to_owned(), data.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[schemars(rename_all = "kebab-case")]
    #[allow(dead_code)] // it is only described
    enum Refusal {
        /// Nothing is left.
        SoldOut,
        Closed,
        OnHoliday,
        /// Less is left.
        TooMany {
            left: u32,
        },
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)] // it is only described
    enum Plain {
        Red,
        Green,
    }

    #[derive(JsonSchema)]
    enum Nothing {}

    #[test]
    fn a_refusal_goes_by_its_name_whether_it_has_data_or_not() {
        let refusals = with_or_without_data::<Refusal>();
        assert_eq!(refusals.keys().collect::<Vec<_>>(), ["closed", "on-holiday", "sold-out", "too-many"]);
        assert_eq!(
            refusals["sold-out"],
            json!({ "type": "object", "properties": {}, "description": "Nothing is left." })
        );
        assert_eq!(refusals["too-many"]["required"], json!(["left"]));
        assert_eq!(refusals["too-many"]["description"], "Less is left.");
        assert_eq!(with_or_without_data::<Plain>().len(), 2);
        assert!(with_or_without_data::<Nothing>().is_empty());
    }

    #[test]
    fn a_command_or_event_without_data_goes_by_no_name() {
        assert_eq!(of::<Refusal>().keys().collect::<Vec<_>>(), ["", "too-many"]);
        assert_eq!(of::<Plain>().keys().collect::<Vec<_>>(), [""]);
    }
}
