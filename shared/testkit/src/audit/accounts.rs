//! What the views of accounts should show.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use uuid::Uuid;

use super::event::Event;

/// All accounts and all that happened to them.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    open: HashMap<Uuid, Account>,
    /// Deposited, less what was withdrawn.
    paid_in: u64,
    /// What all accounts hold together.
    held: u64,
    /// Accounts that were ever opened.
    opened: usize,
    movements: BTreeMap<(Uuid, u64), Movement>,
}

#[derive(Debug)]
struct Account {
    owner_email: String,
    balance: u64,
    version: u64,
    opened_at: String,
    /// Which of all accounts that were opened.
    nth: usize,
}

#[derive(Debug)]
struct Movement {
    kind: &'static str,
    amount: u64,
    balance: u64,
    recorded_at: String,
}

impl Accounts {
    /// Adds an event; false if it cannot have happened.
    pub(crate) fn apply(&mut self, event: &Event) -> bool {
        let amount = event.data["amount"].as_u64().unwrap_or_default();
        match event.r#type.as_str() {
            "AccountOpened" => {
                let owner_email = event.data["owner_email"].as_str().unwrap_or_default().to_owned();
                self.opened += 1;
                let (opened_at, nth) = (event.time.clone(), self.opened);
                let account = Account { owner_email, balance: 0, version: event.version, opened_at, nth };
                self.open.insert(event.stream.id, account).is_none()
            }
            "AccountClosed" => self.open.remove(&event.stream.id).is_some_and(|account| account.balance == 0),
            "MoneyDeposited" => {
                self.paid_in += amount;
                self.moved(event, "deposit", amount, u64::checked_add)
            }
            "MoneyWithdrawn" => {
                self.paid_in = self.paid_in.saturating_sub(amount);
                self.moved(event, "withdrawal", amount, u64::checked_sub)
            }
            "TransferDebited" => self.moved(event, "transfer-out", amount, u64::checked_sub),
            "TransferCredited" => self.moved(event, "transfer-in", amount, u64::checked_add),
            "TransferReturned" => self.moved(event, "transfer-returned", amount, u64::checked_add),
            "TransferDebitDeclined" | "TransferCreditDeclined" | "TransferSettled" => self.goes_on(event),
            _ => false,
        }
    }

    fn moved(
        &mut self,
        event: &Event,
        kind: &'static str,
        amount: u64,
        sum: impl Fn(u64, u64) -> Option<u64>,
    ) -> bool {
        let Some(account) = self.open.get_mut(&event.stream.id) else { return false };
        let (Some(balance), Some(held)) = (sum(account.balance, amount), sum(self.held, amount)) else {
            return false;
        };
        self.held = held;
        account.balance = balance;
        account.version = event.version;
        let movement = Movement { kind, amount, balance, recorded_at: event.time.clone() };
        self.movements.insert((event.stream.id, event.version), movement);
        event.data["balance"] == balance
    }

    /// It says something and moves nothing. An account that is not open can only decline, and say so.
    fn goes_on(&mut self, event: &Event) -> bool {
        let account = self.open.get_mut(&event.stream.id);
        let is_open = account.map(|account| account.version = event.version).is_some();
        let reason = match event.r#type.as_str() {
            "TransferSettled" => None,
            _ if !is_open => Some("not-open"),
            "TransferDebitDeclined" => Some("insufficient-funds"),
            _ => Some("balance-too-large"),
        };
        (is_open || reason.is_some()) && event.data["reason"].as_str() == reason
    }

    pub(crate) fn paid_in(&self) -> u64 {
        self.paid_in
    }

    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// The rows of `balances`, in its order.
    pub(crate) fn balances(&self) -> impl Iterator<Item = Value> {
        let mut accounts: Vec<_> = self.open.iter().collect();
        accounts.sort_by_key(|(_, account)| account.nth);
        accounts.into_iter().map(|(id, account)| {
            json!({
                "account_id": id,
                "owner_email": account.owner_email,
                "balance": account.balance,
                "version": account.version,
                "opened_at": account.opened_at,
            })
        })
    }

    /// The rows of `statements`, in its order.
    pub(crate) fn statements(&self) -> impl Iterator<Item = Value> {
        self.movements.iter().map(|((id, version), movement)| {
            json!({
                "account_id": id,
                "version": version,
                "kind": movement.kind,
                "amount": movement.amount,
                "balance": movement.balance,
                "recorded_at": movement.recorded_at,
            })
        })
    }
}
