//! The life of a todo.

use annals_core::{
    Decider,
    values::{Date, Email, Text, not_empty},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::{Amendment, Item};

/// A todo, from before it is added until after it is done with.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are those of the events
pub enum Todo {
    /// Nobody has added it.
    #[default]
    Absent,
    /// Still to be done.
    Outstanding(Item),
    /// Done.
    Completed {
        #[serde(flatten)]
        item: Item,
        completed_on: Date,
        stakeholder_notified_on: Option<Date>,
    },
    /// Never to be done.
    Abandoned {
        #[serde(flatten)]
        item: Item,
        abandoned_on: Date,
    },
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)] // the fields say what they are
pub enum Command {
    /// Adds it.
    Add(Item),
    /// Changes at least one of its fields.
    Amend(#[serde(deserialize_with = "not_empty")] Amendment),
    /// Has it done.
    Complete { completed_on: Date },
    /// Gives it up.
    Abandon { abandoned_on: Date },
    /// Notes that its stakeholder has been told that it is done.
    RecordStakeholderNotified { notified_on: Date },
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // the fields say what they are
pub enum Event {
    /// It is to be done.
    TodoAdded(Item),
    /// It is to be done otherwise. Only what changed is named.
    TodoAmended(Amendment),
    /// It was done.
    TodoCompleted {
        completed_on: Date,
        title: Text,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stakeholder_email: Option<Email>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        list_id: Option<Uuid>,
    },
    /// It was given up.
    TodoAbandoned {
        abandoned_on: Date,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        list_id: Option<Uuid>,
    },
    /// Its stakeholder was told that it is done.
    StakeholderNotifiedOfTodoCompletion { notified_on: Date },
}

/// Why not. The words follow the todo's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It was added before, whatever became of it.
    #[error("already exists")]
    AlreadyExists,
    /// It was never added.
    #[error("does not exist")]
    DoesNotExist,
    /// What is done is not amended.
    #[error("is complete")]
    IsComplete,
    /// What is given up is not amended.
    #[error("is abandoned")]
    IsAbandoned,
    /// It is done.
    #[error("already complete")]
    AlreadyComplete,
    /// It is given up.
    #[error("already abandoned")]
    AlreadyAbandoned,
}

impl Decider for Todo {
    const NAME: &'static str = "todo";
    const REVISION: u32 = 1;
    const INTERNAL: &'static [&'static str] = &["record-stakeholder-notified"];
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let event = match (self, command) {
            (Self::Absent, Command::Add(item)) => Event::TodoAdded(item),
            (_, Command::Add(_)) => return Err(Refusal::AlreadyExists),
            (Self::Absent, _) => return Err(Refusal::DoesNotExist),

            (Self::Outstanding(item), Command::Amend(amendment)) => match amendment.to(item) {
                Some(changes) => Event::TodoAmended(changes),
                None => return Ok(vec![]),
            },
            (Self::Completed { .. }, Command::Amend(_)) => return Err(Refusal::IsComplete),

            (Self::Outstanding(item), Command::Complete { completed_on }) => Event::TodoCompleted {
                completed_on,
                title: item.title.clone(),
                stakeholder_email: item.stakeholder_email.clone(),
                list_id: item.list_id,
            },
            (Self::Outstanding(item), Command::Abandon { abandoned_on }) => {
                Event::TodoAbandoned { abandoned_on, list_id: item.list_id }
            }
            (Self::Completed { .. }, Command::Complete { .. } | Command::Abandon { .. }) => {
                return Err(Refusal::AlreadyComplete);
            }
            (Self::Abandoned { .. }, Command::Complete { .. } | Command::Abandon { .. }) => {
                return Err(Refusal::AlreadyAbandoned);
            }

            (
                Self::Completed { stakeholder_notified_on: None, .. },
                Command::RecordStakeholderNotified { notified_on },
            ) => Event::StakeholderNotifiedOfTodoCompletion { notified_on },
            // Recorded before; or not done, and then nobody was told that it is.
            (_, Command::RecordStakeholderNotified { .. }) => return Ok(vec![]),

            (Self::Abandoned { .. }, Command::Amend(_)) => return Err(Refusal::IsAbandoned),
        };
        Ok(vec![event])
    }

    fn explain(refusal: &Refusal, id: Uuid) -> String {
        format!("Todo \"{id}\" {refusal}")
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::TodoAdded(item)) => Self::Outstanding(item.clone()),
            (Self::Outstanding(item), Event::TodoAmended(amendment)) => {
                Self::Outstanding(item.amended(amendment))
            }
            (Self::Outstanding(item), &Event::TodoCompleted { completed_on, .. }) => {
                Self::Completed { item, completed_on, stakeholder_notified_on: None }
            }
            (Self::Outstanding(item), &Event::TodoAbandoned { abandoned_on, .. }) => {
                Self::Abandoned { item, abandoned_on }
            }
            (
                Self::Completed { item, completed_on, .. },
                &Event::StakeholderNotifiedOfTodoCompletion { notified_on },
            ) => Self::Completed { item, completed_on, stakeholder_notified_on: Some(notified_on) },
            // What is done with stays so.
            (
                state,
                Event::TodoAmended(_)
                | Event::TodoCompleted { .. }
                | Event::TodoAbandoned { .. }
                | Event::StakeholderNotifiedOfTodoCompletion { .. },
            ) => state,
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
