//! An account's part in transfers.
//!
//! Whoever asks here is a process that may ask again, and then has to find what was answered. So a no
//! is an event, and never a refusal.

use std::collections::BTreeMap;

use annals_core::SqlValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Account, Amount, Balance, Event};

/// Debits by transfers that have not ended: money that may come back, and for which room is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pending(BTreeMap<Uuid, Amount>);

/// Why an account has no part in a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It was never opened, or is closed.
    NotOpen,
    /// Less is there than was to be taken.
    InsufficientFunds,
    /// More than it could hold.
    BalanceTooLarge,
}

impl Account {
    pub(super) fn debit(&self, transfer_id: Uuid, amount: Amount) -> Vec<Event> {
        let declined = |reason| vec![Event::TransferDebitDeclined { reason, transfer_id }];
        let Self::Open { balance, pending, .. } = self else { return declined(Reason::NotOpen) };
        match balance.minus(amount) {
            _ if pending.0.contains_key(&transfer_id) => vec![],
            Some(balance) => vec![Event::TransferDebited { amount, balance, transfer_id }],
            None => declined(Reason::InsufficientFunds),
        }
    }

    pub(super) fn credit(&self, transfer_id: Uuid, amount: Amount) -> Event {
        let declined = |reason| Event::TransferCreditDeclined { reason, transfer_id };
        let Self::Open { balance, pending, .. } = self else { return declined(Reason::NotOpen) };
        match pending.room_for(*balance, amount) {
            Some(balance) => Event::TransferCredited { amount, balance, transfer_id },
            None => declined(Reason::BalanceTooLarge),
        }
    }

    pub(super) fn settle(&self, transfer_id: Uuid) -> Vec<Event> {
        self.debited(transfer_id).map(|_| Event::TransferSettled { transfer_id }).into_iter().collect()
    }

    pub(super) fn give_back(&self, transfer_id: Uuid) -> Vec<Event> {
        let returned = |(balance, amount): (Balance, Amount)| {
            let balance = balance.plus(amount).expect("room was kept for it");
            Event::TransferReturned { amount, balance, transfer_id }
        };
        self.debited(transfer_id).map(returned).into_iter().collect()
    }

    /// The balance, and what a transfer took out that is still pending.
    fn debited(&self, transfer_id: Uuid) -> Option<(Balance, Amount)> {
        let Self::Open { balance, pending, .. } = self else { return None };
        Some((*balance, *pending.0.get(&transfer_id)?))
    }
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The balance with so much more, if everything that is pending could still come back on top.
    pub(super) fn room_for(&self, balance: Balance, amount: Amount) -> Option<Balance> {
        let more = balance.plus(amount)?;
        self.0.values().try_fold(more, |sum, pending| sum.plus(*pending)).map(|_| more)
    }

    pub(super) fn after(mut self, event: &Event) -> Self {
        match *event {
            Event::TransferDebited { transfer_id, amount, .. } => {
                self.0.insert(transfer_id, amount);
            }
            Event::TransferSettled { transfer_id } | Event::TransferReturned { transfer_id, .. } => {
                self.0.remove(&transfer_id);
            }
            Event::AccountOpened { .. }
            | Event::MoneyDeposited { .. }
            | Event::MoneyWithdrawn { .. }
            | Event::AccountClosed {}
            | Event::TransferDebitDeclined { .. }
            | Event::TransferCredited { .. }
            | Event::TransferCreditDeclined { .. } => {}
        }
        self
    }
}

impl From<Reason> for SqlValue {
    fn from(reason: Reason) -> Self {
        let words = match reason {
            Reason::NotOpen => "not-open",
            Reason::InsufficientFunds => "insufficient-funds",
            Reason::BalanceTooLarge => "balance-too-large",
        };
        words.into()
    }
}

#[cfg(test)]
#[path = "transfers_tests.rs"]
mod tests;
