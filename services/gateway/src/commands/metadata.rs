//! Metadata: the client's own notes, kept on the events.

use annals_core::FieldError;
use serde_json::{Map, Value};

/// The most that it may take, encoded, in bytes.
const LARGEST: usize = 4096;

/// A flat object of scalars, or each thing that is wrong with it.
pub fn read(value: Value) -> Result<Map<String, Value>, Vec<FieldError>> {
    let whole = |detail: &str| vec![FieldError::at("metadata", detail)];
    let Value::Object(metadata) = value else { return Err(whole("must be a flat object of scalars")) };

    let nested = metadata.iter().filter(|(_, value)| value.is_object() || value.is_array());
    let errors: Vec<_> = nested.map(|(name, _)| FieldError::at(name, "must be a scalar")).collect();
    if !errors.is_empty() {
        return Err(under("metadata", errors));
    }
    let size = serde_json::to_vec(&metadata).expect("JSON encodes as JSON").len();
    if size > LARGEST {
        Err(whole(&format!("takes {size} bytes, and {LARGEST} are the most")))
    } else {
        Ok(metadata)
    }
}

/// The same errors, seen from the body in which `name` is a member.
pub fn under(name: &str, errors: Vec<FieldError>) -> Vec<FieldError> {
    let moved = |error: FieldError| FieldError { pointer: format!("/{name}{}", error.pointer), ..error };
    errors.into_iter().map(moved).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(value: Value) -> Vec<String> {
        read(value).unwrap_err().into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn scalars_are_kept() {
        let notes = json!({ "why": "a whim", "try": 2, "sure": true, "by": null, "share": 0.5 });
        assert_eq!(Value::Object(read(notes.clone()).unwrap()), notes);
        assert!(read(json!({})).unwrap().is_empty());
    }

    #[test]
    fn anything_else_is_pointed_at() {
        assert_eq!(pointers(json!({ "a/b": [], "c": {}, "d": 1 })), ["/metadata/a~1b", "/metadata/c"]);
        assert_eq!(pointers(json!(null)), ["/metadata"]);
        assert_eq!(pointers(json!([1])), ["/metadata"]);
    }

    #[test]
    fn it_has_room_for_4_kib() {
        let of = |size: usize| json!({ "a": "x".repeat(size - r#"{"a":""}"#.len()) });
        assert!(read(of(LARGEST)).is_ok());
        assert_eq!(pointers(of(LARGEST + 1)), ["/metadata"]);
    }
}
