//! What may be asked of a list, and what comes of it.

use annals_core::{
    Decider,
    values::{Email, Text},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// A list, from before it is created.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are those of the events
pub enum TodoList {
    /// Nobody has created it.
    #[default]
    Absent,
    /// It is there, for good.
    Present { name: Text, owner_email: Option<Email> },
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)] // the fields say what they are
pub enum Command {
    /// Creates the list.
    Create {
        name: Text,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner_email: Option<Email>,
    },
    /// Gives it another name.
    Rename { name: Text },
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // the fields say what they are
pub enum Event {
    /// The list was created.
    TodoListCreated {
        name: Text,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner_email: Option<Email>,
    },
    /// It got another name.
    TodoListRenamed { name: Text },
}

/// Why not. The words follow the list's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// It was created before.
    #[error("already exists")]
    AlreadyExists,
    /// It was never created.
    #[error("does not exist")]
    DoesNotExist,
}

impl Decider for TodoList {
    const NAME: &'static str = "todo-list";
    const REVISION: u32 = 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        match (self, command) {
            (Self::Absent, Command::Create { name, owner_email }) => {
                Ok(vec![Event::TodoListCreated { name, owner_email }])
            }
            (Self::Present { .. }, Command::Create { .. }) => Err(Refusal::AlreadyExists),

            (Self::Absent, Command::Rename { .. }) => Err(Refusal::DoesNotExist),
            (Self::Present { name: present, .. }, Command::Rename { name }) if name == *present => Ok(vec![]),
            (Self::Present { .. }, Command::Rename { name }) => Ok(vec![Event::TodoListRenamed { name }]),
        }
    }

    fn explain(refusal: &Refusal, id: Uuid) -> String {
        format!("Todo list \"{id}\" {refusal}")
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::TodoListCreated { name, owner_email }) => {
                Self::Present { name: name.clone(), owner_email: owner_email.clone() }
            }
            (Self::Present { owner_email, .. }, Event::TodoListRenamed { name }) => {
                Self::Present { name: name.clone(), owner_email }
            }
            (Self::Absent, Event::TodoListRenamed { .. }) => Self::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use annals_core::{Category, Rejection, testing::Story};
    use serde_json::json;

    use super::*;

    fn ada() -> Email {
        "ada@example.com".parse().unwrap()
    }

    fn text(text: &str) -> Text {
        text.parse().unwrap()
    }

    fn create(name: &str) -> Command {
        Command::Create { name: text(name), owner_email: Some(ada()) }
    }

    fn rename(name: &str) -> Command {
        Command::Rename { name: text(name) }
    }

    fn created(name: &str) -> Event {
        Event::TodoListCreated { name: text(name), owner_email: Some(ada()) }
    }

    fn renamed(name: &str) -> Event {
        Event::TodoListRenamed { name: text(name) }
    }

    #[test]
    fn a_list_is_created_once() {
        TodoList::given([]).when(create("Home")).then([created("Home")]);
        TodoList::given([created("Home")]).when(create("Home")).refused(Refusal::AlreadyExists);
    }

    #[test]
    fn a_list_gets_another_name() {
        TodoList::given([]).when(rename("House")).refused(Refusal::DoesNotExist);
        TodoList::given([created("Home")]).when(rename("House")).then([renamed("House")]);
        TodoList::given([created("Home"), renamed("House")]).when(rename("Home")).then([renamed("Home")]);
    }

    #[test]
    fn the_same_name_is_no_change() {
        TodoList::given([created("Home")]).when(rename("Home")).nothing();
        TodoList::given([created("Home"), renamed("House")]).when(rename("House")).nothing();
    }

    #[test]
    fn a_refusal_names_the_list() {
        let category = Category::of::<TodoList>();
        let id = Uuid::from_u128(7);
        let Err(Rejection::Refused(refused)) =
            category.decide(id, &category.blank(), "rename", &json!({ "name": "Home" }))
        else {
            panic!("it is refused")
        };
        assert_eq!(refused.reason, "does-not-exist");
        assert_eq!(refused.detail, format!("Todo list \"{id}\" does not exist"));
        assert_eq!(
            TodoList::explain(&Refusal::AlreadyExists, id),
            format!("Todo list \"{id}\" already exists")
        );
    }

    #[test]
    fn people_read_the_state_as_json() {
        let shown = |events: Vec<Event>| serde_json::to_value(TodoList::given(events).state()).unwrap();

        assert_eq!(shown(vec![]), json!({ "status": "absent" }));
        assert_eq!(
            shown(vec![created("Home"), renamed("House")]),
            json!({ "status": "present", "name": "House", "owner_email": "ada@example.com" })
        );
    }
}
