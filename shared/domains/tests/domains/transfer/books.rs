//! All money, counted by hand.

use std::collections::{BTreeMap, BTreeSet};

use annals_core::StreamId;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::kit::{History, events};

/// What is known after some event.
#[derive(Default)]
pub struct Books {
    /// Of accounts.
    versions: BTreeMap<Uuid, u64>,
    open: BTreeMap<Uuid, i64>,
    /// Deposited, less what was withdrawn.
    paid_in: i64,
    /// Debited, and neither credited nor returned, by transfer.
    under_way: BTreeMap<Uuid, i64>,
    /// Transfers whose debit is pending in an account.
    pending: BTreeSet<Uuid>,
    statements: BTreeMap<(Uuid, u64), Value>,
    transfers: BTreeMap<Uuid, Value>,
}

impl Books {
    /// Reads the whole history. After every event each cent is somewhere.
    pub fn of(history: &History) -> Self {
        let mut books = Self::default();
        for (position, stream, kind, data) in events(history) {
            books.note(stream, kind, &data);
            let everywhere = books.open.values().chain(books.under_way.values()).sum::<i64>();
            assert_eq!(everywhere, books.paid_in, "money was made or lost at {position}: {kind} {data:?}");
            assert!(books.open.values().all(|balance| *balance >= 0), "at {position}");
        }
        books
    }

    fn note(&mut self, stream: &StreamId, kind: &str, data: &Map<String, Value>) {
        if stream.category == "account" {
            *self.versions.entry(stream.id).or_default() += 1;
        }
        let amount = data.get("amount").map_or(0, |amount| amount.as_i64().unwrap());
        let transfer: Uuid =
            data.get("transfer_id").map_or(stream.id, |id| id.as_str().unwrap().parse().unwrap());
        match kind {
            "AccountOpened" => drop(self.open.insert(stream.id, 0)),
            "AccountClosed" => assert_eq!(self.open.remove(&stream.id), Some(0)),
            "MoneyDeposited" => {
                self.paid_in += amount;
                self.moved(stream, "deposit", amount);
            }
            "MoneyWithdrawn" => {
                self.paid_in -= amount;
                self.moved(stream, "withdrawal", -amount);
            }
            "TransferDebited" => {
                assert!(self.pending.insert(transfer) && self.under_way.insert(transfer, amount).is_none());
                self.moved(stream, "transfer-out", -amount);
            }
            "TransferCredited" => {
                assert_eq!(self.under_way.remove(&transfer), Some(amount));
                self.moved(stream, "transfer-in", amount);
            }
            "TransferReturned" => {
                assert_eq!(self.under_way.remove(&transfer), Some(amount));
                assert!(self.pending.remove(&transfer));
                self.moved(stream, "transfer-returned", amount);
            }
            "TransferSettled" => assert!(self.pending.remove(&transfer)),
            "TransferRequested" => self.ends(transfer, "pending", &Value::Null),
            "TransferCompleted" => self.ends(transfer, "completed", &Value::Null),
            "TransferRefused" => self.ends(transfer, "refused", &data["reason"]),
            _ => {}
        }
    }

    fn moved(&mut self, stream: &StreamId, kind: &str, change: i64) {
        let balance = self.open.get_mut(&stream.id).expect("money moves while an account is open");
        *balance += change;
        let row = json!({ "kind": kind, "amount": change.abs(), "balance": balance });
        self.statements.insert((stream.id, self.versions[&stream.id]), row);
    }

    fn ends(&mut self, transfer: Uuid, status: &str, reason: &Value) {
        self.transfers.insert(transfer, json!({ "status": status, "reason": reason }));
    }

    /// Every transfer came to its end, and no money is on its way.
    pub fn assert_settled(&self) {
        assert!(self.transfers.values().all(|row| row["status"] != "pending"), "{:?}", self.transfers);
        assert!(
            self.under_way.is_empty() && self.pending.is_empty(),
            "{:?} {:?}",
            self.under_way,
            self.pending
        );
    }

    /// The rows of `balances`, by account.
    pub fn balances(&self) -> BTreeMap<String, Value> {
        let row = |id| json!({ "balance": self.open[id], "version": self.versions[id] });
        self.open.keys().map(|id| (id.to_string(), row(id))).collect()
    }

    /// The rows of `statements`, by account and version.
    pub fn statements(&self) -> BTreeMap<String, Value> {
        self.statements.iter().map(|((id, version), row)| (format!("{id}:{version}"), row.clone())).collect()
    }

    /// The rows of `transfers`, by transfer.
    pub fn transfers(&self) -> BTreeMap<String, Value> {
        self.transfers.iter().map(|(id, row)| (id.to_string(), row.clone())).collect()
    }
}
