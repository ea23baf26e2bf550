//! One notification for each cause, and each of them sent.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Violations, event::Event};

/// From this amount on, in cents, a withdrawal is told to the fraud desk.
const LARGE: u64 = 10_000_00;

/// What was to be told and what was.
#[derive(Debug, Default)]
pub(crate) struct Notifications {
    /// Events of which somebody is to be told: to whom, by which reactor.
    causes: HashMap<Uuid, (String, &'static str)>,
    /// Those of them that have no notification yet.
    waiting: HashSet<Uuid>,
    requested: HashMap<Uuid, Timestamp>,
    sent: HashMap<Uuid, Timestamp>,
}

impl Notifications {
    /// Notes whether somebody is to be told of what happened.
    pub(crate) fn expect(&mut self, event: &Event) {
        let text = |name: &str| event.data[name].as_str().unwrap_or_default().to_owned();
        let told = match event.r#type.as_str() {
            "AccountOpened" => (text("owner_email"), "welcome"),
            "MoneyWithdrawn" if event.data["amount"].as_u64() >= Some(LARGE) => {
                ("fraud-desk".to_owned(), "large-withdrawal")
            }
            "SubscriptionActivated" => (text("subscriber_email"), "subscription-confirmation"),
            "SubscriberJoined" => (text("creator_email"), "new-subscriber"),
            _ => return,
        };
        self.causes.insert(event.id, told);
        self.waiting.insert(event.id);
    }

    /// Adds an event of a notification.
    pub(crate) fn apply(&mut self, position: u64, event: &Event, violations: &mut Violations) {
        let (data, at) = (&event.data, event.time.parse().unwrap_or(Timestamp::MIN));
        match event.r#type.as_str() {
            "NotificationRequested" => {
                let cause = data["about"]["event_id"].as_str().and_then(|id| id.parse::<Uuid>().ok());
                let expected = cause.and_then(|cause| self.causes.get(&cause));
                let right =
                    expected.is_some_and(|(to, reactor)| data["to"] == **to && data["reactor"] == **reactor);
                violations.unless(right, || format!("at {position}: nobody was to be told: {event:?}"));
                let first = cause.is_some_and(|cause| self.waiting.remove(&cause));
                violations.unless(first, || format!("at {position}: told a second time: {event:?}"));
                self.requested.insert(event.stream.id, at);
            }
            "NotificationSent" => {
                let first = self.sent.insert(event.stream.id, at).is_none();
                let right = first && self.requested.contains_key(&event.stream.id);
                violations.unless(right, || format!("at {position}: not to be sent: {event:?}"));
            }
            _ => violations.add(format!("at {position}: nothing fails here, but: {event:?}")),
        }
    }

    pub(crate) fn are_settled(&self) -> bool {
        self.waiting.is_empty() && self.sent.len() == self.requested.len()
    }

    /// What is still to be done, in words.
    pub(crate) fn unsettled(&self) -> String {
        let unsent: Vec<_> = self.requested.keys().filter(|id| !self.sent.contains_key(id)).collect();
        format!("events that nobody was told of: {:?}; notifications not sent: {unsent:?}", self.waiting)
    }

    /// From when until when a notification was to be sent. None if nobody asked for it.
    pub(crate) fn open_between(&self, id: Uuid) -> Option<(Timestamp, Timestamp)> {
        let sent = self.sent.get(&id).copied().unwrap_or(Timestamp::MAX);
        Some((*self.requested.get(&id)?, sent))
    }

    pub(crate) fn sent(&self) -> impl Iterator<Item = &Uuid> {
        self.sent.keys()
    }

    pub(crate) fn len(&self) -> usize {
        self.requested.len()
    }
}
