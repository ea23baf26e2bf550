//! What reactors send. Every message is an aggregate of its own, so that it has a history: asked
//! for, tried, sent in the end or given up.
//!
//! Its id is derived from the reactor, the event that caused it and the reaction's name: asking
//! twice is one notification.

mod delivery;
mod notifications;
mod rules;

pub use rules::{About, Command, Event, Message, Notification, Refusal};

use annals_core::{Domain, Listen, Reactor};

/// What reactors send, as the services see it.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Notification>()
        .shows(notifications::notifications())
        .reacts(Reactor::new("delivery", [Notification::when("NotificationRequested", delivery::deliver)]))
}
