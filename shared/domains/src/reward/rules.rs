//! What may be asked of a reward, and what comes of it.

use std::collections::BTreeSet;

use annals_core::{
    Decider,
    values::{Email, Text},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// A reward. A subscription joins it once, ever: word of a joining may come again, and may be overtaken
/// by word of the leaving, so that those who left are remembered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Reward {
    /// Nobody has offered it yet.
    #[default]
    Unoffered,
    /// People can subscribe to it.
    Offered {
        /// What it is called.
        title: Text,
        /// Who gives it.
        creator_email: Email,
        /// Subscriptions that have it.
        subscribers: BTreeSet<Uuid>,
        /// Subscriptions that had it.
        leavers: BTreeSet<Uuid>,
    },
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)] // the fields say what they are
pub enum Command {
    /// Offers the reward.
    Offer { title: Text, creator_email: Email },
    /// Notes that an active subscription has it.
    RecordSubscriber { subscription_id: Uuid },
    /// Notes that a subscription has it no longer.
    RecordLeaver { subscription_id: Uuid },
}

/// What can happen. `subscribers` is the number of those who have it afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // the fields say what they are
pub enum Event {
    /// The reward was offered.
    RewardOffered { title: Text, creator_email: Email },
    /// A subscription has it from now on.
    SubscriberJoined { subscription_id: Uuid, creator_email: Email, subscribers: u64 },
    /// A subscription has it no longer.
    SubscriberLeft { subscription_id: Uuid, subscribers: u64 },
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Somebody has offered it.
    #[error("The reward is offered already.")]
    AlreadyOffered,
    /// Nobody has offered it.
    #[error("The reward is not offered.")]
    NotOffered,
}

impl Decider for Reward {
    const NAME: &'static str = "reward";
    const REVISION: u32 = 1;
    const INTERNAL: &'static [&'static str] = &["record-subscriber", "record-leaver"];
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let event = match (self, command) {
            (Self::Unoffered, Command::Offer { title, creator_email }) => {
                Event::RewardOffered { title, creator_email }
            }
            (Self::Offered { .. }, Command::Offer { .. }) => return Err(Refusal::AlreadyOffered),

            (
                Self::Offered { creator_email, subscribers, leavers, .. },
                Command::RecordSubscriber { subscription_id },
            ) if !subscribers.contains(&subscription_id) && !leavers.contains(&subscription_id) => {
                Event::SubscriberJoined {
                    subscription_id,
                    creator_email: creator_email.clone(),
                    subscribers: subscribers.len() as u64 + 1,
                }
            }
            (Self::Unoffered, Command::RecordSubscriber { .. }) => return Err(Refusal::NotOffered),

            (Self::Offered { subscribers, .. }, Command::RecordLeaver { subscription_id })
                if subscribers.contains(&subscription_id) =>
            {
                Event::SubscriberLeft { subscription_id, subscribers: subscribers.len() as u64 - 1 }
            }

            // Joined before, whether it has left since or not; or not there to leave.
            (Self::Offered { .. }, Command::RecordSubscriber { .. }) | (_, Command::RecordLeaver { .. }) => {
                return Ok(vec![]);
            }
        };
        Ok(vec![event])
    }

    fn evolve(mut self, event: &Event) -> Self {
        match (&mut self, event) {
            (_, Event::RewardOffered { title, creator_email }) => {
                return Self::Offered {
                    title: title.clone(),
                    creator_email: creator_email.clone(),
                    subscribers: BTreeSet::new(),
                    leavers: BTreeSet::new(),
                };
            }
            (Self::Offered { subscribers, .. }, Event::SubscriberJoined { subscription_id, .. }) => {
                subscribers.insert(*subscription_id);
            }
            (Self::Offered { subscribers, leavers, .. }, Event::SubscriberLeft { subscription_id, .. }) => {
                subscribers.remove(subscription_id);
                leavers.insert(*subscription_id);
            }
            (Self::Unoffered, Event::SubscriberJoined { .. } | Event::SubscriberLeft { .. }) => {}
        }
        self
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
