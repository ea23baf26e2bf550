//! JSON as RFC 8259 and RFC 7493 want it: no key twice, at any depth. What a repeated key means is
//! anybody's guess, and a guess is nothing to keep for ever.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::problem::{Code, Problem};

/// Reads a body; an empty one is `{}`.
pub fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let strict: Result<Strict, _> = serde_json::from_slice(bytes);
    strict
        .map(|Strict(value)| value)
        .map_err(|error| Problem::new(Code::MalformedJson, format!("The body is not JSON: {error}.")))
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(entry)) = entries.next_element()? {
            array.push(entry);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} stands there twice")));
            }
            let Strict(value) = entries.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_json_is_read_as_it_is() {
        let text = r#"{"a":[1,-2,0.5,null,true,"ü🐢"],"b":{"c":{}},"$serde_json::private::RawValue":"x"}"#;
        let read = parse(text.as_bytes()).unwrap();
        assert_eq!(read["a"], json!([1, -2, 0.5, null, true, "ü🐢"]));
        assert_eq!(serde_json::from_str::<Map<String, Value>>(text).unwrap(), *read.as_object().unwrap());
        assert_eq!(parse(b"").unwrap(), json!({}));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for bytes in [
            br#"{"a":1,"a":1}"#.as_slice(),
            br#"{"a":{"b":1,"\u0062":2}}"#,
            br#"[{"a":1,"a":2}]"#,
            b"\xef\xbb\xbf{}",
            b"{} x",
            b"{}{}",
            b"{\"a\":\"\xff\"}",
            br#"{"a":"\ud800"}"#,
            b"{'a':1}",
            b"{\"a\":01}",
            b"{\"a\":NaN}",
            b"{\"a\":1e999}",
            b"{",
            b"   ",
            deep.as_bytes(),
        ] {
            let outcome = parse(bytes);
            assert!(
                matches!(outcome, Err(Problem { code: Code::MalformedJson, .. })),
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
