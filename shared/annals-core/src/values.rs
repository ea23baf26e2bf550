//! Values that many domains share. Each parses into a type that cannot be invalid.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use jiff::{Timestamp, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use thiserror::Error;

/// Why a text is no value.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ValueError {
    /// Nothing but white space.
    #[error("is blank")]
    Blank,
    /// Longer than allowed.
    #[error("has {length} characters, and at most {most} are allowed")]
    TooLong {
        /// Characters, not bytes.
        length: usize,
        /// The limit.
        most: usize,
    },
    /// Not a day of the calendar, written `2026-11-21`.
    #[error("is not a day like 2026-11-21")]
    NotADay,
    /// Not an address by RFC 5321 and 5322.
    #[error("is not an e-mail address: {0}")]
    NotAnAddress(#[from] email_address::Error),
}

/// Trimmed text of 1..=`MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MAX: usize = 500>(String);

impl<const MAX: usize> FromStr for Text<MAX> {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err(ValueError::Blank),
            length if length > MAX => Err(ValueError::TooLong { length, most: MAX }),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX, "pattern": "\\S" })
    }
}

/// An e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl FromStr for Email {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let address = Text::<254>::from_str(text)?; // RFC 5321: a path is at most 256, less its brackets
        let plain = Options::default().without_display_text().without_domain_literal();
        EmailAddress::parse_with_options(&address.0, plain)?;
        Ok(Self(address.0))
    }
}

impl JsonSchema for Email {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Email".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "email", "maxLength": 254 })
    }
}

/// A day of the calendar, written `2026-11-21` (RFC 3339, full-date).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date(jiff::civil::Date);

impl Date {
    /// The day on which something was recorded, in UTC.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self(time.to_zoned(TimeZone::UTC).date())
    }
}

impl FromStr for Date {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        // More would do for jiff, such as `20261121` and years of six digits.
        let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date = plain.then(|| text.parse().ok()).flatten();
        date.map(Self).ok_or(ValueError::NotADay)
    }
}

impl JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

/// For `#[serde(default, deserialize_with = "not_null")]`: the field may be left out, but is not null.
///
/// # Errors
/// Those of `T`, to which null is some value that does not fit.
pub fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(field: D) -> Result<Option<T>, D::Error> {
    T::deserialize(field).map(Some)
}

/// For `#[serde(deserialize_with = "not_empty")]` on what is made of optional fields: at least one of them
/// is given.
///
/// # Errors
/// Those of `T`, and that nothing is given.
pub fn not_empty<'de, T, D>(fields: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default + PartialEq,
    D: Deserializer<'de>,
{
    let fields = T::deserialize(fields)?;
    if fields == T::default() { Err(D::Error::custom("must have at least one field")) } else { Ok(fields) }
}

macro_rules! text_like {
    ($type:ty $(, $max:ident)?) => {
        impl $(<const $max: usize>)? TryFrom<String> for $type {
            type Error = ValueError;

            fn try_from(text: String) -> Result<Self, ValueError> {
                text.parse()
            }
        }

        impl $(<const $max: usize>)? From<$type> for String {
            fn from(value: $type) -> Self {
                value.0.to_string()
            }
        }

        impl $(<const $max: usize>)? fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl $(<const $max: usize>)? From<&$type> for crate::SqlValue {
            fn from(value: &$type) -> Self {
                Self::Text(value.0.to_string())
            }
        }
    };
}

text_like!(Text<MAX>, MAX);
text_like!(Email);
text_like!(Date);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_counted_in_characters() {
        assert_eq!("  to be  ".parse::<Text>().unwrap().to_string(), "to be");
        assert_eq!(" \t\n".parse::<Text>(), Err(ValueError::Blank));
        assert!("ü".repeat(500).parse::<Text>().is_ok());
        assert_eq!("ü".repeat(501).parse::<Text>(), Err(ValueError::TooLong { length: 501, most: 500 }));
    }

    #[test]
    fn only_days_of_the_calendar_are_dates() {
        assert_eq!(" 2028-02-29 ".parse::<Date>().unwrap().to_string(), "2028-02-29");
        for text in
            ["", "2027-02-29", "2026-11-31", "20261121", "2026-11-21T09:30:00Z", "2026-1-1", "21.11.2026"]
        {
            assert_eq!(text.parse::<Date>(), Err(ValueError::NotADay), "{text}");
        }
        assert_eq!(Date::of("2026-11-21T23:59:59.9Z".parse().unwrap()).to_string(), "2026-11-21");
    }

    #[test]
    fn only_addresses_are_emails() {
        assert!(" ada@example.com ".parse::<Email>().is_ok());
        for text in
            ["", "ada", "ada@", "@example.com", "Ada <ada@example.com>", "a b@example.com", "a@b\r\nc"]
        {
            assert!(text.parse::<Email>().is_err(), "{text}");
        }
    }
}
