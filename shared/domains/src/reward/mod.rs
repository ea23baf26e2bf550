//! Rewards, which people offer to those who support them. A reward knows who has subscribed to it and
//! who has left again, and its creator hears of every new subscriber.
//!
//! Who subscribes is the affair of [`subscription`](crate::subscription), which tells the reward.

mod notices;
mod rewards;
mod rules;

use annals_core::{Domain, Listen, Reactor};

pub use rules::{Command, Event, Refusal, Reward};

/// Rewards, as the services see them.
#[must_use]
pub fn domain() -> Domain {
    Domain::of::<Reward>()
        .shows(rewards::rewards())
        .reacts(Reactor::new("new-subscriber", [Reward::when("SubscriberJoined", notices::tell_the_creator)]))
}
