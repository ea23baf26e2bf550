//! Subscriptions to rewards. Somebody starts one, it is paid for, and perhaps it is cancelled one day,
//! for good. The subscriber gets a confirmation, and the reward learns who has it.

mod membership;
mod notices;
mod rules;
mod subscriptions;

use annals_core::{Domain, Listen, Reactor};

pub use rules::{Command, Event, Refusal, Subscription};

/// Subscriptions, as the services see them. An activation wakes two reactors.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Subscription>()
        .shows(subscriptions::subscriptions())
        .reacts(Reactor::new(
            "subscription-confirmation",
            [Subscription::when("SubscriptionActivated", notices::confirm)],
        ))
        .reacts(Reactor::new(
            "reward-membership",
            [
                Subscription::when("SubscriptionActivated", membership::join),
                Subscription::when("SubscriptionCancelled", membership::leave),
            ],
        ))
}
