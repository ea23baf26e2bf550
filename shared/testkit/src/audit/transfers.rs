//! Each step of every transfer, and the money that is on its way.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::event::Event;

/// Which event of a transfer may follow which, whosever stream it is in.
const FOLLOWS: [(&str, &str); 11] = [
    ("TransferRequested", "TransferDebited"),
    ("TransferRequested", "TransferDebitDeclined"),
    ("TransferDebitDeclined", "TransferRefused"),
    ("TransferDebited", "DebitRecorded"),
    ("DebitRecorded", "TransferCredited"),
    ("DebitRecorded", "TransferCreditDeclined"),
    ("TransferCredited", "TransferCompleted"),
    ("TransferCompleted", "TransferSettled"),
    ("TransferCreditDeclined", "CreditDeclineRecorded"),
    ("CreditDeclineRecorded", "TransferReturned"),
    ("TransferReturned", "TransferRefused"),
];

/// All transfers.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    all: BTreeMap<Uuid, Transfer>,
    /// As they were requested.
    in_order: Vec<Uuid>,
    unsettled: BTreeSet<Uuid>,
    /// Cents that were debited, and neither credited nor returned.
    under_way: u64,
}

#[derive(Debug)]
struct Transfer {
    from: Value,
    to: Value,
    amount: Value,
    requested_at: String,
    /// What happened last.
    last: String,
    /// Why somebody declined.
    declined: Value,
    status: &'static str,
    settled_at: Option<String>,
}

/// Whether a process caused this event, and no client.
pub(crate) fn is_step(event: &Event) -> bool {
    FOLLOWS.iter().any(|(_, kind)| *kind == event.r#type)
}

impl Transfers {
    /// Adds an event of a transfer, or of an account that has a part in one; false if it cannot have
    /// happened.
    pub(crate) fn apply(&mut self, event: &Event) -> bool {
        if event.r#type == "TransferRequested" {
            return self.request(event);
        }
        let on_account = event.data["transfer_id"].as_str().and_then(|id| id.parse().ok());
        let id = on_account.unwrap_or(event.stream.id);
        let Some(transfer) = self.all.get_mut(&id) else { return false };
        let right = transfer.may_go_on_with(event);
        transfer.go_on_with(event);
        let amount = transfer.amount.as_u64().unwrap_or_default();
        match event.r#type.as_str() {
            "TransferDebited" => self.under_way += amount,
            "TransferCredited" | "TransferReturned" => self.under_way = self.under_way.saturating_sub(amount),
            "TransferSettled" | "TransferRefused" => drop(self.unsettled.remove(&id)),
            _ => {}
        }
        right
    }

    fn request(&mut self, event: &Event) -> bool {
        let field = |name: &str| event.data[name].clone();
        let transfer = Transfer {
            from: field("from"),
            to: field("to"),
            amount: field("amount"),
            requested_at: event.time.clone(),
            last: event.r#type.clone(),
            declined: Value::Null,
            status: "pending",
            settled_at: None,
        };
        self.in_order.push(event.stream.id);
        self.unsettled.insert(event.stream.id) && self.all.insert(event.stream.id, transfer).is_none()
    }

    pub(crate) fn under_way(&self) -> u64 {
        self.under_way
    }

    pub(crate) fn are_settled(&self) -> bool {
        self.unsettled.is_empty()
    }

    /// What is still to be done, in words.
    pub(crate) fn unsettled(&self) -> String {
        let last = self.unsettled.iter().map(|id| (id, &self.all[id].last)).collect::<Vec<_>>();
        format!("transfers that have not ended, and how far they are: {last:?}")
    }

    /// The rows of `transfers`, in its order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Value> {
        self.in_order.iter().rev().map(|id| {
            let it = &self.all[id];
            json!({
                "transfer_id": id,
                "from": it.from,
                "to": it.to,
                "amount": it.amount,
                "status": it.status,
                "reason": it.declined,
                "requested_at": it.requested_at,
                "settled_at": it.settled_at,
            })
        })
    }
}

impl Transfer {
    /// Whether it is this event's turn, and all that it says is so.
    fn may_go_on_with(&self, event: &Event) -> bool {
        let follows = |(before, kind): &(&str, &str)| *before == self.last && *kind == event.r#type;
        let account = match event.r#type.as_str() {
            "TransferDebited" | "TransferDebitDeclined" | "TransferReturned" | "TransferSettled" => {
                &self.from
            }
            "TransferCredited" | "TransferCreditDeclined" => &self.to,
            _ => &Value::Null,
        };
        let said = |name: &str, so: &Value| event.data.get(name).is_none_or(|value| value == so);
        FOLLOWS.iter().any(follows)
            && (account.is_null() || *account == event.stream.id.to_string())
            && said("from", &self.from)
            && said("to", &self.to)
            && said("amount", &self.amount)
            && (self.declined.is_null() || said("reason", &self.declined))
    }

    fn go_on_with(&mut self, event: &Event) {
        self.last.clone_from(&event.r#type);
        match self.last.as_str() {
            "TransferDebitDeclined" | "TransferCreditDeclined" => {
                self.declined = event.data["reason"].clone();
            }
            "TransferCompleted" => self.ended(event, "completed"),
            "TransferRefused" => self.ended(event, "refused"),
            _ => {}
        }
    }

    fn ended(&mut self, event: &Event, status: &'static str) {
        self.status = status;
        self.settled_at = Some(event.time.clone());
    }
}

impl fmt::Display for Transfers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let completed = self.all.values().filter(|transfer| transfer.status == "completed").count();
        write!(f, "{} transfers ({completed} completed)", self.all.len())
    }
}

#[cfg(test)]
#[path = "transfers_tests.rs"]
mod tests;
