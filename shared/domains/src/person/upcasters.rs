//! What persons' events looked like once, and how they are read today.

use annals_core::Upcaster;
use serde_json::{Value, json};

/// One step each, from the schema that it names to the next one.
pub(super) const UPCASTERS: &[Upcaster] =
    &[Upcaster { event: "PersonRegistered", from: 1, up: split_the_name }];

/// Where the first name should be and nobody ever told one.
const NO_FIRST_NAME: &str = "-";

/// `{"name": "Ada Lovelace"}` to `{"first_name": "Ada", "last_name": "Lovelace"}`, split at the last
/// space. People are looked up by their last names, so a single word is one.
fn split_the_name(data: Value) -> Value {
    let Some(name) = data["name"].as_str().map(str::trim) else {
        return data; // it was never stored like this: whoever reads it says what is missing
    };
    let (first, last) = name.rsplit_once(char::is_whitespace).unwrap_or((NO_FIRST_NAME, name));
    json!({ "first_name": first.trim(), "last_name": last })
}

#[cfg(test)]
mod tests {
    use annals_core::values::Text;
    use proptest::prelude::*;

    use super::*;
    use crate::person::Name;

    fn lifted(name: &str) -> Value {
        split_the_name(json!({ "name": name }))
    }

    #[test]
    fn a_name_is_split_at_its_last_space() {
        for (name, first, last) in [
            ("Ada Lovelace", "Ada", "Lovelace"),
            ("Mary Jane  Watson", "Mary Jane", "Watson"),
            (" Grace\tHopper ", "Grace", "Hopper"),
            ("Plato", "-", "Plato"),
        ] {
            assert_eq!(lifted(name), json!({ "first_name": first, "last_name": last }), "{name:?}");
        }
    }

    #[test]
    fn what_was_never_stored_is_left_to_whoever_reads_it() {
        for data in [json!({}), json!({ "name": 7 })] {
            let lifted = split_the_name(data);
            let error = serde_json::from_value::<Name>(lifted).unwrap_err().to_string();
            assert!(error.contains("field"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_name_that_could_be_stored_can_be_read(name in r"\PC{0,40}[\s\u{2003}]{0,3}\PC{0,40}") {
            prop_assume!(name.parse::<Text>().is_ok());
            prop_assert!(serde_json::from_value::<Name>(lifted(&name)).is_ok(), "{name:?}");
        }
    }
}
