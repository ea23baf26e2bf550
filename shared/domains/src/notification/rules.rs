//! The life of a message.

use annals_core::{Decider, values::Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// A message on its way. The delivering shell reads this as JSON: whoever is not `requested` any
/// more has nothing left to be done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum Notification {
    /// Nobody has asked for it.
    #[default]
    Unrequested,
    /// To be tried, perhaps not for the first time.
    Requested(Message),
    /// It left the system.
    Sent(Message),
    /// Nobody tries any longer.
    Abandoned(Message),
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The reactor that asked for it.
    pub reactor: Text,
    /// The way by which it leaves the system.
    pub channel: Text,
    /// An e-mail address, or the name of a desk.
    pub to: Text,
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
    /// What it is about.
    pub about: About,
    /// How often it has been tried.
    pub attempts: u64,
}

/// What caused a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// The kind of aggregate.
    pub category: String,
    /// The aggregate.
    pub id: Uuid,
    /// The event that woke the reactor.
    pub event_id: Uuid,
}

/// What may be asked of a notification. Subject, body and error have no limits: they are written by
/// reactors and channels, which could do nothing about a no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Asks for it to be sent. The framework gives this command for every notice of a reactor.
    Request {
        /// The reactor that asks.
        reactor: Text,
        /// The way by which it shall leave the system.
        channel: Text,
        /// An e-mail address, or the name of a desk.
        to: Text,
        /// One line.
        subject: String,
        /// The text.
        body: String,
        /// What it is about.
        about: About,
    },
    /// Notes that it has left the system.
    RecordSent {
        /// What the channel said.
        receipt: String,
    },
    /// Notes that it could not leave the system.
    RecordFailed {
        /// What the channel said.
        error: String,
        /// The number of this attempt, from 1.
        attempt: u64,
    },
    /// Gives it up.
    Abandon {},
}

/// What has happened to a notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Event {
    /// It shall be sent.
    NotificationRequested {
        /// The reactor that asked.
        reactor: Text,
        /// The way by which it shall leave the system.
        channel: Text,
        /// An e-mail address, or the name of a desk.
        to: Text,
        /// One line.
        subject: String,
        /// The text.
        body: String,
        /// What it is about.
        about: About,
    },
    /// It left the system.
    NotificationSent {
        /// What the channel said.
        receipt: String,
        /// The reactor that asked.
        reactor: Text,
        /// What it is about.
        about: About,
    },
    /// It could not leave the system this time.
    NotificationFailed {
        /// What the channel said.
        error: String,
        /// The number of this attempt, from 1.
        attempt: u64,
    },
    /// Nobody tries any longer.
    NotificationAbandoned {},
}

/// Why a notification says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// There is nothing to be sent.
    #[error("The notification was never requested.")]
    NotRequested,
}

impl Decider for Notification {
    const NAME: &'static str = "notification";
    const REVISION: u32 = 1;
    const INTERNAL: &'static [&'static str] = &["request", "record-sent", "record-failed", "abandon"];
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(&self, command: Command) -> Result<Vec<Event>, Refusal> {
        let event = match (self, command) {
            (Self::Unrequested, Command::Request { reactor, channel, to, subject, body, about }) => {
                Event::NotificationRequested { reactor, channel, to, subject, body, about }
            }
            (Self::Unrequested, _) => return Err(Refusal::NotRequested),

            (Self::Requested(message), Command::RecordSent { receipt }) => {
                let (reactor, about) = (message.reactor.clone(), message.about.clone());
                Event::NotificationSent { receipt, reactor, about }
            }
            (Self::Requested(message), Command::RecordFailed { error, attempt })
                if attempt > message.attempts =>
            {
                Event::NotificationFailed { error, attempt }
            }
            (Self::Requested(_), Command::Abandon {}) => Event::NotificationAbandoned {},

            // Asked before, recorded before, or settled: there is nothing left to happen.
            (Self::Requested(_), Command::Request { .. } | Command::RecordFailed { .. })
            | (Self::Sent(_) | Self::Abandoned(_), _) => return Ok(vec![]),
        };
        Ok(vec![event])
    }

    fn evolve(self, event: &Event) -> Self {
        match (self, event) {
            (_, Event::NotificationRequested { reactor, channel, to, subject, body, about }) => {
                Self::Requested(Message {
                    reactor: reactor.clone(),
                    channel: channel.clone(),
                    to: to.clone(),
                    subject: subject.clone(),
                    body: body.clone(),
                    about: about.clone(),
                    attempts: 0,
                })
            }
            (Self::Requested(message), &Event::NotificationFailed { attempt, .. }) => {
                Self::Requested(Message { attempts: attempt, ..message })
            }
            (Self::Requested(message), Event::NotificationSent { .. }) => {
                Self::Sent(Message { attempts: message.attempts + 1, ..message })
            }
            (Self::Requested(message), Event::NotificationAbandoned {}) => Self::Abandoned(message),
            // What is not requested, or is settled, stays as it is.
            (
                state,
                Event::NotificationFailed { .. }
                | Event::NotificationSent { .. }
                | Event::NotificationAbandoned {},
            ) => state,
        }
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
