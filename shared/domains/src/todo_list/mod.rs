//! Lists of todos. A list has a name and perhaps an owner. Todos say which list they are on, and a list
//! counts them.

mod getting_started;
mod rules;
mod todo_lists;

use annals_core::{Domain, Listen, Reactor};

pub use rules::{Command, Event, Refusal, TodoList};

/// Lists of todos, as the services see them.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<TodoList>().shows(todo_lists::todo_lists()).reacts(Reactor::new(
        "getting-started",
        [TodoList::when("TodoListCreated", getting_started::greet_the_owner)],
    ))
}
