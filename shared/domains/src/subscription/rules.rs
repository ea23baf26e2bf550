//! What may be asked of a subscription, and what comes of it.

use annals_core::{
    Decider,
    values::{Email, Text},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// A subscription, from before it is started until after it is cancelled.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
#[allow(missing_docs)] // the fields are those of the events
pub enum Subscription {
    /// Nobody has started it yet.
    #[default]
    Unstarted,
    /// It is still to be paid for.
    Pending { reward_id: Uuid, subscriber_email: Email },
    /// It is paid for.
    Active { reward_id: Uuid, subscriber_email: Email },
    /// For good.
    Cancelled { reward_id: Uuid, subscriber_email: Email },
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(missing_docs)] // the fields say what they are
pub enum Command {
    /// Starts the subscription.
    Start { reward_id: Uuid, subscriber_email: Email },
    /// Notes that it is paid for.
    Activate { stripe_key: Text },
    /// Ends it for good.
    Cancel {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Text>,
    },
}

/// What can happen. Reactors have no memory, so events say which reward they are about, and whether
/// it was told of the subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)] // the fields say what they are
pub enum Event {
    /// The subscription was started.
    SubscriptionStarted { reward_id: Uuid, subscriber_email: Email },
    /// It was paid for.
    SubscriptionActivated { stripe_key: Text, reward_id: Uuid, subscriber_email: Email },
    /// It was ended.
    SubscriptionCancelled {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Text>,
        reward_id: Uuid,
        was_active: bool,
    },
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Somebody has started it.
    #[error("The subscription was started already.")]
    AlreadyStarted,
    /// Nobody has started it.
    #[error("The subscription was never started.")]
    NotStarted,
    /// It was ended for good.
    #[error("The subscription was cancelled and cannot be activated any more.")]
    Cancelled,
}

impl Decider for Subscription {
    const NAME: &'static str = "subscription";
    const REVISION: u32 = 1;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let event = match (self, command) {
            (Self::Unstarted, Command::Start { reward_id, subscriber_email }) => {
                Event::SubscriptionStarted { reward_id, subscriber_email }
            }
            (_, Command::Start { .. }) => return Err(Refusal::AlreadyStarted),
            (Self::Unstarted, Command::Activate { .. } | Command::Cancel { .. }) => {
                return Err(Refusal::NotStarted);
            }

            (Self::Pending { reward_id, subscriber_email }, Command::Activate { stripe_key }) => {
                let (reward_id, subscriber_email) = (*reward_id, subscriber_email.clone());
                Event::SubscriptionActivated { stripe_key, reward_id, subscriber_email }
            }
            (Self::Cancelled { .. }, Command::Activate { .. }) => return Err(Refusal::Cancelled),

            (&Self::Pending { reward_id, .. }, Command::Cancel { reason }) => {
                Event::SubscriptionCancelled { reason, reward_id, was_active: false }
            }
            (&Self::Active { reward_id, .. }, Command::Cancel { reason }) => {
                Event::SubscriptionCancelled { reason, reward_id, was_active: true }
            }

            // Paid for before, or ended before.
            (Self::Active { .. }, Command::Activate { .. })
            | (Self::Cancelled { .. }, Command::Cancel { .. }) => {
                return Ok(vec![]);
            }
        };
        Ok(vec![event])
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::SubscriptionStarted { reward_id, subscriber_email }) => {
                Self::Pending { reward_id: *reward_id, subscriber_email: subscriber_email.clone() }
            }
            (_, Event::SubscriptionActivated { reward_id, subscriber_email, .. }) => {
                Self::Active { reward_id: *reward_id, subscriber_email: subscriber_email.clone() }
            }
            (
                Self::Pending { reward_id, subscriber_email } | Self::Active { reward_id, subscriber_email },
                Event::SubscriptionCancelled { .. },
            ) => Self::Cancelled { reward_id, subscriber_email },
            (state, Event::SubscriptionCancelled { .. }) => state,
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
