//! Greets the owner of a new list.

use annals_core::{Notice, Recorded};

use super::Event;

pub(super) fn greet_the_owner(it: &Recorded<Event>) -> Option<Notice> {
    let Event::TodoListCreated { name, owner_email } = &it.event else { return None };
    owner_email.as_ref().map(|owner| Notice {
        name: "getting-started",
        to: owner.to_string(),
        subject: "Getting started with your todo list".into(),
        body: format!("Your todo list {name} is there. Its id is {}: add todos to it.", it.id),
    })
}
