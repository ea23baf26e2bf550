//! Money, in whole cents.

use std::fmt;

use annals_core::SqlValue;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What one command may move: 1 cent to 1,000,000,000.00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

/// What an account may hold: nothing to 2^53 - 1 cents, as far as every JSON reader can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Balance(i64);

/// Why a number of cents is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a whole number of cents from {least} to {most}, and is {cents}")]
pub struct MoneyError {
    cents: i64,
    least: i64,
    most: i64,
}

impl Amount {
    /// One cent.
    pub const LEAST: Self = Self(1);
    /// A thousand million, and no cents.
    pub const MOST: Self = Self(1_000_000_000_00);
}

impl Balance {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// 2^53 - 1 cents.
    pub const MOST: Self = Self(9_007_199_254_740_991);

    /// With so much more, if the account can hold it.
    #[must_use]
    pub fn plus(self, amount: Amount) -> Option<Self> {
        Self::try_from(self.0 + amount.0).ok()
    }

    /// With so much less, if it is there.
    #[must_use]
    pub fn minus(self, amount: Amount) -> Option<Self> {
        Self::try_from(self.0 - amount.0).ok()
    }
}

impl TryFrom<i64> for Amount {
    type Error = MoneyError;

    fn try_from(cents: i64) -> Result<Self, MoneyError> {
        within(cents, Self::LEAST.0, Self::MOST.0).map(Self)
    }
}

impl TryFrom<i64> for Balance {
    type Error = MoneyError;

    fn try_from(cents: i64) -> Result<Self, MoneyError> {
        within(cents, Self::ZERO.0, Self::MOST.0).map(Self)
    }
}

fn within(cents: i64, least: i64, most: i64) -> Result<i64, MoneyError> {
    if (least..=most).contains(&cents) { Ok(cents) } else { Err(MoneyError { cents, least, most }) }
}

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": Self::LEAST.0, "maximum": Self::MOST.0, "description": "cents" })
    }
}

impl JsonSchema for Balance {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Balance".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": Self::MOST.0, "description": "cents" })
    }
}

macro_rules! cents {
    ($type:ty) => {
        impl From<$type> for i64 {
            fn from(money: $type) -> i64 {
                money.0
            }
        }

        impl From<$type> for SqlValue {
            fn from(money: $type) -> Self {
                Self::Integer(money.0)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
            }
        }
    };
}

cents!(Amount);
cents!(Balance);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_at_least_a_cent_and_at_most_a_thousand_million() {
        for cents in [1, 1_000_000_000_00] {
            assert!(Amount::try_from(cents).is_ok());
        }
        for cents in [i64::MIN, -1, 0, 1_000_000_000_01, i64::MAX] {
            assert!(Amount::try_from(cents).is_err(), "{cents}");
        }
    }

    #[test]
    fn a_balance_ends_where_json_can_no_longer_count() {
        let cent = Amount::LEAST;
        assert_eq!(Balance::ZERO.minus(cent), None);
        assert_eq!(Balance::MOST.plus(cent), None);
        assert_eq!(Balance::MOST.minus(cent).and_then(|less| less.plus(cent)), Some(Balance::MOST));
    }

    #[test]
    fn people_read_units_and_cents() {
        assert_eq!(Amount::try_from(1_000_05).unwrap().to_string(), "1000.05");
    }
}
