//! How persons come into the register, and go.

use annals_core::{
    Decider, Upcaster,
    values::{Text, not_empty, not_null},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::upcasters::UPCASTERS;

/// A person, from before they are registered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Person {
    /// Nobody knows them.
    #[default]
    Unregistered,
    /// They go by this name.
    Registered(Name),
    /// They went by this name.
    Retired(Name),
}

/// A whole name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // the fields say what they are
pub struct Name {
    pub first_name: Text,
    pub last_name: Text,
}

/// At least one part of a name. The other one stays as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
#[allow(missing_docs)] // the fields say what they are
pub struct NewName {
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text")]
    pub first_name: Option<Text>,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Text")]
    pub last_name: Option<Text>,
}

impl NewName {
    fn instead_of(self, name: &Name) -> Name {
        Name {
            first_name: self.first_name.unwrap_or_else(|| name.first_name.clone()),
            last_name: self.last_name.unwrap_or_else(|| name.last_name.clone()),
        }
    }
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Registers the person.
    Register(Name),
    /// Gives the person another name.
    Rename(#[serde(deserialize_with = "not_empty")] NewName),
    /// Retires the person, who stays in the register.
    Retire {},
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Event {
    /// The person was registered under this name.
    PersonRegistered(Name),
    /// The person goes by this name from now on.
    PersonRenamed(Name),
    /// The person retired.
    PersonRetired {},
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// They are, or have been.
    #[error("The person is registered already.")]
    AlreadyRegistered,
    /// Nobody knows them.
    #[error("The person is not registered.")]
    NotRegistered,
    /// They keep their name.
    #[error("The person has retired.")]
    Retired,
}

impl Decider for Person {
    const NAME: &'static str = "person";
    const REVISION: u32 = 1;
    const UPCASTERS: &'static [Upcaster] = UPCASTERS;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let event = match (self, command) {
            (Self::Unregistered, Command::Register(name)) => Event::PersonRegistered(name),
            (Self::Unregistered, Command::Rename(_) | Command::Retire {}) => {
                return Err(Refusal::NotRegistered);
            }
            (Self::Registered(_) | Self::Retired(_), Command::Register(_)) => {
                return Err(Refusal::AlreadyRegistered);
            }

            (Self::Registered(name), Command::Rename(new)) => match new.instead_of(name) {
                same if same == *name => return Ok(vec![]),
                other => Event::PersonRenamed(other),
            },
            (Self::Retired(_), Command::Rename(_)) => return Err(Refusal::Retired),

            (Self::Registered(_), Command::Retire {}) => Event::PersonRetired {},
            (Self::Retired(_), Command::Retire {}) => return Ok(vec![]),
        };
        Ok(vec![event])
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::PersonRegistered(name) | Event::PersonRenamed(name)) => Self::Registered(name.clone()),
            (Self::Registered(name), Event::PersonRetired {}) => Self::Retired(name),
            (other, Event::PersonRetired {}) => other,
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
