//! Things to be done. Somebody adds one, amends it as long as it is outstanding, and one day completes
//! or abandons it. Whoever has a stake in it hears of its completion.

mod completed;
mod completion_notifier;
mod item;
mod outstanding;
mod rules;
mod scheduled;
mod todos;

use annals_core::{Domain, Listen, Reactor};

pub use item::{Amendment, Item};
pub use rules::{Command, Event, Refusal, Todo};

use crate::notification::Notification;

/// Todos, as the services see them.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Todo>()
        .shows(outstanding::outstanding())
        .shows(scheduled::scheduled())
        .shows(completed::completed())
        .reacts(Reactor::new(
            completion_notifier::NAME,
            [
                Todo::when("TodoCompleted", completion_notifier::tell_the_stakeholder),
                Notification::when("NotificationSent", completion_notifier::record_it_on_the_todo),
            ],
        ))
}
