//! The histories as they were given when they were recorded. What comes of a command may have changed
//! since: the files tell what came of it then.

use annals_core::StreamId;
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use crate::kit::History;

/// A history of one aggregate. Each command changes something.
pub struct Told {
    pub category: &'static str,
    pub name: &'static str,
    commands: Vec<(&'static str, Value)>,
}

const OTHER: Uuid = uuid!("1c1d4b0a-52a8-4f0e-8f0f-6f3a0b5d7c11");
const ADA: &str = "ada@example.com";

fn told<const N: usize>(
    category: &'static str,
    name: &'static str,
    commands: [(&'static str, Value); N],
) -> Told {
    Told { category, name, commands: commands.into() }
}

impl Told {
    /// What has come of it today.
    pub fn history(&self) -> History {
        let stream = StreamId::new(self.category, Uuid::from_u128(1));
        let mut history = History::new();
        for (command, data) in &self.commands {
            history.accept(&stream, command, data);
        }
        history
    }
}

pub fn all() -> Vec<Told> {
    [accounts(), transfers(), people(), todos(), subscriptions(), notifications()]
        .into_iter()
        .flatten()
        .collect()
}

fn accounts() -> Vec<Told> {
    let transfer = |number| Uuid::from_u128(number);
    let moved = |number, amount| json!({ "transfer_id": transfer(number), "amount": amount });
    let ended = |number| json!({ "transfer_id": transfer(number) });
    vec![
        told(
            "account",
            "opened-to-closed",
            [
                ("debit-for-transfer", moved(1, 100)),
                ("credit-from-transfer", moved(2, 100)),
                ("open", json!({ "owner_email": ADA })),
                ("deposit", json!({ "amount": 1000 })),
                ("withdraw", json!({ "amount": 100 })),
                ("debit-for-transfer", moved(3, 200)),
                ("debit-for-transfer", moved(4, 300)),
                ("settle-transfer", ended(3)),
                ("return-transfer", ended(4)),
                ("debit-for-transfer", moved(5, 10_000)),
                ("credit-from-transfer", moved(6, 50)),
                ("withdraw", json!({ "amount": 750 })),
                ("close", json!({})),
            ],
        ),
        told(
            "account",
            "with-debits-that-have-not-ended",
            [
                ("open", json!({ "owner_email": ADA })),
                ("deposit", json!({ "amount": 1000 })),
                ("debit-for-transfer", moved(1, 200)),
                ("debit-for-transfer", moved(2, 300)),
            ],
        ),
    ]
}

fn transfers() -> Vec<Told> {
    let request = || ("request", json!({ "from": Uuid::from_u128(2), "to": OTHER, "amount": 250 }));
    vec![
        told(
            "transfer",
            "completed",
            [request(), ("record-debited", json!({})), ("record-credited", json!({}))],
        ),
        told(
            "transfer",
            "returned",
            [
                request(),
                ("record-debited", json!({})),
                ("record-credit-declined", json!({ "reason": "not-open" })),
                ("record-returned", json!({})),
            ],
        ),
        told(
            "transfer",
            "declined",
            [request(), ("record-debit-declined", json!({ "reason": "insufficient-funds" }))],
        ),
    ]
}

fn people() -> Vec<Told> {
    vec![
        told(
            "person",
            "registered-to-retired",
            [
                ("register", json!({ "first_name": "Ada", "last_name": "Byron" })),
                ("rename", json!({ "last_name": "Lovelace" })),
                ("retire", json!({})),
            ],
        ),
        told(
            "post",
            "published-and-deleted",
            [("publish", json!({ "author": "ada", "content": "Hello." })), ("delete", json!({}))],
        ),
    ]
}

fn todos() -> Vec<Told> {
    let whole = json!({
        "title": "Paint", "description": "White", "due_date": "2026-12-24", "stakeholder_email": ADA,
        "list_id": OTHER,
    });
    vec![
        told(
            "todo",
            "completed",
            [
                ("add", whole),
                ("amend", json!({ "title": "Paint it", "description": null, "due_date": "2026-12-01" })),
                ("complete", json!({ "completed_on": "2026-11-30" })),
                ("record-stakeholder-notified", json!({ "notified_on": "2026-11-30" })),
            ],
        ),
        told(
            "todo",
            "abandoned",
            [("add", json!({ "title": "Paint" })), ("abandon", json!({ "abandoned_on": "2026-11-30" }))],
        ),
        told(
            "todo-list",
            "renamed",
            [
                ("create", json!({ "name": "Home", "owner_email": ADA })),
                ("rename", json!({ "name": "House" })),
            ],
        ),
    ]
}

fn subscriptions() -> Vec<Told> {
    let start = || ("start", json!({ "reward_id": OTHER, "subscriber_email": ADA }));
    let subscription = |number| json!({ "subscription_id": Uuid::from_u128(number) });
    vec![
        told(
            "subscription",
            "activated-and-cancelled",
            [
                start(),
                ("activate", json!({ "stripe_key": "sk_1" })),
                ("cancel", json!({ "reason": "too many" })),
            ],
        ),
        told("subscription", "cancelled-at-once", [start(), ("cancel", json!({}))]),
        told(
            "reward",
            "joined-and-left",
            [
                ("offer", json!({ "title": "A mug", "creator_email": ADA })),
                ("record-subscriber", subscription(1)),
                ("record-subscriber", subscription(2)),
                ("record-leaver", subscription(1)),
            ],
        ),
    ]
}

fn notifications() -> Vec<Told> {
    let about = json!({ "category": "account", "id": OTHER, "event_id": Uuid::from_u128(9) });
    let request = json!({
        "reactor": "welcome", "channel": "log", "to": ADA, "subject": "Welcome", "body": "It is open.",
        "about": about,
    });
    let failed = |attempt: u64| ("record-failed", json!({ "error": "no route", "attempt": attempt }));
    vec![
        told(
            "notification",
            "sent-at-last",
            [("request", request.clone()), failed(1), ("record-sent", json!({ "receipt": "log:1" }))],
        ),
        told(
            "notification",
            "abandoned",
            [("request", request), failed(1), failed(2), ("abandon", json!({}))],
        ),
    ]
}
