//! Where an event stands in the whole log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

use crate::{EventView, Place, Position, address};

/// An event's position and place, written `1042.3`; or all of an entry, written `1042`. In the order of the log, all of
/// an entry comes after its last event.
///
/// As JSON, all of an entry is the number that it is, and an event a string: `1042.10` would not survive as a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(u64);

/// The place that stands for all of an entry, which no event has.
const WHOLE: u64 = 0xffff;

/// Positions take the upper 48 bits.
const MAX_POSITION: Position = Position::MAX >> 16;

/// A text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("is neither a position like 1042 nor a position and a place like 1042.3")]
pub struct NotAnAddress;

impl Address {
    /// Of an event.
    #[must_use]
    pub fn new(position: Position, place: Place) -> Self {
        Self(address(position.min(MAX_POSITION), place.min(0xfffe)))
    }

    /// Of all of an entry.
    #[must_use]
    pub fn whole(position: Position) -> Self {
        Self(position.min(MAX_POSITION) << 16 | WHOLE)
    }

    /// Of an event that is shown.
    #[must_use]
    pub fn of(event: &EventView) -> Self {
        Self::new(event.position, event.place)
    }

    /// The position of the entry.
    #[must_use]
    pub fn position(self) -> Position {
        self.0 >> 16
    }

    /// The place of the event; none for all of the entry.
    #[must_use]
    pub fn place(self) -> Option<Place> {
        let place = self.0 & WHOLE;
        (place != WHOLE).then_some(place as Place)
    }

    /// As in [`address`].
    #[must_use]
    pub fn order(self) -> u64 {
        self.0
    }

    /// From a number as [`address`] makes it.
    #[must_use]
    pub fn from_order(order: u64) -> Self {
        Self(order)
    }
}

/// Before the first event.
impl Default for Address {
    fn default() -> Self {
        Self::whole(0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place() {
            Some(place) => write!(f, "{}.{place}", self.position()),
            None => write!(f, "{}", self.position()),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = NotAnAddress;

    /// Numbers that no log reaches are read as the largest one.
    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX)).ok_or(NotAnAddress)
        };
        match text.split_once('.') {
            None => Ok(Self::whole(number(text)?)),
            Some((position, place)) => {
                Ok(Self::new(number(position)?, Place::try_from(number(place)?).unwrap_or(Place::MAX)))
            }
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.place() {
            Some(_) => serializer.collect_str(self),
            None => serializer.serialize_u64(self.position()),
        }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Whole(Position),
            Event(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Whole(position) => Ok(Self::whole(position)),
            Written::Event(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_survives_the_round_trip() {
        for (text, value) in [("0", json!(0)), ("1042", json!(1042)), ("1042.10", json!("1042.10"))] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.to_string().as_str(), json!(address)), (text, value.clone()));
            assert_eq!(serde_json::from_value::<Address>(value).unwrap(), address);
        }
    }

    #[test]
    fn all_of_an_entry_comes_after_its_events_and_before_the_next_entry() {
        let in_order = ["0", "1.0", "1.1", "1.99999999999999999999", "1", "2.0", "99999999999999999999"];
        let addresses = in_order.map(|text| text.parse::<Address>().unwrap());
        assert!(addresses.is_sorted(), "{addresses:?}");
        assert_eq!(Address::new(7, 3).order(), address(7, 3));
        assert_eq!(Address::from_order(address(7, 3)).place(), Some(3));
    }

    #[test]
    fn anything_else_is_no_address() {
        for text in ["", ".", "1.", ".1", "-1", "+1", "1.2.3", "soon", "1e3", " 1", "٣"] {
            assert_eq!(text.parse::<Address>(), Err(NotAnAddress), "{text}");
        }
    }
}
