//! A variant of an enum whose name and data are kept apart.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor},
    forward_to_deserialize_any,
};

/// Reads as `{name: data}` does, without being put together first.
pub(crate) struct Tagged<'a, D> {
    pub name: &'a str,
    pub data: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tagged<'_, D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, D: Deserializer<'de>> EnumAccess<'de> for Tagged<'_, D> {
    type Error = D::Error;
    type Variant = Data<D>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Data<D>), D::Error> {
        Ok((seed.deserialize(self.name.into_deserializer())?, Data(self.data)))
    }
}

/// What belongs to the name.
pub(crate) struct Data<D>(D);

impl<'de, D: Deserializer<'de>> VariantAccess<'de> for Data<D> {
    type Error = D::Error;

    fn unit_variant(self) -> Result<(), D::Error> {
        Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, D::Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, visitor)
    }

    /// As a map: a list of the fields' values would do for a struct, and is not what is stored.
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, value::RawValue};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    enum Said {
        Much { words: u32, to: Option<String> },
        Nothing {},
    }

    fn read(name: &str, data: &str) -> Result<Said, String> {
        let raw: &RawValue = serde_json::from_str(data).unwrap();
        let from_text = Said::deserialize(Tagged { name, data: raw });
        let value = json!({ "data": raw })["data"].take();
        let from_value = Said::deserialize(Tagged { name, data: &value });
        assert_eq!(from_text.as_ref().ok(), from_value.as_ref().ok(), "however it is kept");
        let together = serde_json::from_value(json!({ name: raw }));
        assert_eq!(from_text.as_ref().ok(), together.as_ref().ok(), "as if it were put together");
        from_text.map_err(|error| error.to_string())
    }

    #[test]
    fn it_is_read_as_if_it_were_put_together() {
        let much = Said::Much { words: 2, to: Some("Ada".into()) };
        assert_eq!(read("much", r#"{"words":2,"to":"Ada"}"#), Ok(much));
        assert_eq!(read("much", r#"{"words":2}"#), Ok(Said::Much { words: 2, to: None }));
        assert_eq!(read("nothing", "{}"), Ok(Said::Nothing {}));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(read("little", "{}").unwrap_err().starts_with("unknown variant `little`"));
        for data in [r#"{"to":"Ada"}"#, r#"{"words":2,"of":1}"#, r#"{"words":"2"}"#, "[2,null]", "null"] {
            assert!(read("much", data).is_err(), "{data}");
        }
        assert!(read("nothing", "[]").is_err());
    }
}
