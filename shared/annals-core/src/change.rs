//! What is to become of a field that may be empty.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A change of an optional field. In JSON a field that is left out stays as it is, and null clears it:
/// `#[serde(default, skip_serializing_if = "Change::is_kept")]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays as it is.
    #[default]
    Kept,
    /// It becomes empty.
    Cleared,
    /// It gets this value.
    Set(T),
}

impl<T> Change<T> {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Kept)
    }

    /// What the field holds afterwards.
    #[must_use]
    pub fn after(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Kept => before,
            Self::Cleared => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The new value, if the field does not stay as it is.
    #[must_use]
    pub fn new_value(&self) -> Option<Option<&T>> {
        match self {
            Self::Kept => None,
            Self::Cleared => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }
}

impl<T: PartialEq> Change<T> {
    /// The same, or nothing if the field is so already.
    #[must_use]
    pub fn unless_already(self, before: Option<&T>) -> Self {
        if self.new_value() == Some(before) { Self::Kept } else { self }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(field: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(field)?.map_or(Self::Cleared, Self::Set))
    }
}

impl<T: Serialize> Serialize for Change<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Kept | Self::Cleared => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Change<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Option::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Amend {
        #[serde(default, skip_serializing_if = "Change::is_kept")]
        watts: Change<u32>,
    }

    #[test]
    fn left_out_is_not_null() {
        for (json, watts) in [
            (json!({}), Change::Kept),
            (json!({ "watts": null }), Change::Cleared),
            (json!({ "watts": 40 }), Change::Set(40)),
        ] {
            assert_eq!(serde_json::to_value(Amend { watts }).unwrap(), json);
            assert_eq!(serde_json::from_value::<Amend>(json).unwrap(), Amend { watts });
        }
        assert!(serde_json::from_value::<Amend>(json!({ "watts": "many" })).is_err());
    }

    #[test]
    fn what_is_so_already_is_no_change() {
        assert_eq!(Change::Set(40).unless_already(Some(&40)), Change::Kept);
        assert_eq!(Change::<u32>::Cleared.unless_already(None), Change::Kept);
        assert_eq!(Change::Set(40).unless_already(None).after(None), Some(40));
        assert_eq!(Change::Cleared.unless_already(Some(&40)).after(Some(40)), None);
        assert_eq!(Change::Kept.after(Some(40)), Some(40));
    }
}
