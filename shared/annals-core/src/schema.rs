//! Events outlive the code that wrote them: schema versions, upcasters, and what cannot be read.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use thiserror::Error;

use crate::{Decider, tagged::Tagged};

/// Lifts the data of one event type from schema `from` to `from + 1`.
///
/// The present schema of an event type is one more than the number of its upcasters.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// The event type, as stored.
    pub event: &'static str,
    /// The schema that it reads.
    pub from: u32,
    /// JSON in the old shape to JSON in the next one.
    pub up: fn(Value) -> Value,
}

/// Why a stored event cannot be understood. It names the event, so that a person can find it.
#[derive(Debug, Clone, Error)]
pub enum Unreadable {
    /// No category of this name is known here.
    #[error("category `{category}` is not known here")]
    UnknownCategory {
        /// The name as stored.
        category: String,
    },
    /// The category has no event of this type.
    #[error("event type `{event}` of category `{category}` is not known here")]
    UnknownEvent {
        /// The category.
        category: String,
        /// The type as stored.
        event: String,
    },
    /// Written by a newer release.
    #[error(
        "event `{event}` of category `{category}` has schema {schema}, and this release knows up to {known}"
    )]
    NewerSchema {
        /// The category.
        category: String,
        /// The type.
        event: String,
        /// The schema as stored.
        schema: u32,
        /// The newest schema known here.
        known: u32,
    },
    /// The data does not have the shape of its type and schema.
    #[error("event `{event}` of category `{category}` has data that does not fit: {reason}")]
    Malformed {
        /// The category.
        category: String,
        /// The type.
        event: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The present schema of an event type.
pub(crate) fn current(upcasters: &[Upcaster], event: &str) -> u32 {
    let steps = upcasters.iter().filter(|step| step.event == event).count();
    1 + u32::try_from(steps).expect("nobody writes four thousand million upcasters")
}

/// Lifts data from `schema` to the present one, step by step.
fn lift(upcasters: &[Upcaster], event: &str, schema: u32, data: Value) -> Value {
    (schema..current(upcasters, event)).fold(data, |data, from| {
        let step = upcasters.iter().find(|step| step.event == event && step.from == from);
        match step {
            Some(step) => (step.up)(data),
            None => data,
        }
    })
}

/// Reads a stored event, lifting it to its present schema first.
pub(crate) fn read<D: Decider>(kind: &str, schema: u32, data: &RawValue) -> Result<D::Event, Unreadable> {
    let known = current(D::UPCASTERS, kind);
    let event = match schema.cmp(&known) {
        Ordering::Equal => Deserialize::deserialize(Tagged { name: kind, data }),
        Ordering::Less => serde_json::from_str(data.get()).and_then(|data| {
            let data = lift(D::UPCASTERS, kind, schema, data);
            Deserialize::deserialize(Tagged { name: kind, data })
        }),
        Ordering::Greater => {
            let (category, event) = (D::NAME.into(), kind.into());
            return Err(Unreadable::NewerSchema { category, event, schema, known });
        }
    };
    event.map_err(|error| {
        let (category, event, reason) = (D::NAME.into(), kind.into(), error.to_string());
        if reason.starts_with(&format!("unknown variant `{kind}`")) {
            return Unreadable::UnknownEvent { category, event };
        }
        Unreadable::Malformed { category, event, reason }
    })
}
