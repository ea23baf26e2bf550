//! The whole log, added up.

use std::{collections::HashMap, fmt};

use uuid::Uuid;

use super::{
    Violations,
    accounts::Accounts,
    entries::Entries,
    event::Event,
    notifications::Notifications,
    reader::{Reader, Stored},
    transfers::{Transfers, is_step},
};
use crate::{Acknowledged, Ledger};

/// What is known after what was read so far.
#[derive(Debug)]
pub(crate) struct Fold {
    pub entries: Entries,
    pub accounts: Accounts,
    pub transfers: Transfers,
    pub notifications: Notifications,
    pub violations: Violations,
    /// What clients did to accounts and transfers, by correlation id.
    by_clients: HashMap<Uuid, Acknowledged>,
}

impl Fold {
    /// Nothing has been read of the log of this id.
    pub(crate) fn new(log_id: Uuid) -> Self {
        Self {
            entries: Entries::new(log_id),
            accounts: Accounts::default(),
            transfers: Transfers::default(),
            notifications: Notifications::default(),
            violations: Violations::default(),
            by_clients: HashMap::new(),
        }
    }

    /// Reads to the end of the log, however long it is.
    pub(crate) async fn read_to_the_end(&mut self, reader: &mut Reader) {
        let end = reader.end().await;
        while self.entries.position() < end {
            self.take(&reader.next().await);
        }
    }

    /// Reads on until no cause waits for its notification, and every transfer has ended.
    pub(crate) async fn read_until_settled(&mut self, reader: &mut Reader) {
        while !(self.notifications.are_settled() && self.transfers.are_settled()) {
            self.take(&reader.next().await);
        }
    }

    fn take(&mut self, stored: &Stored) {
        for event in &self.entries.take(stored, &mut self.violations) {
            self.apply(stored.position, event);
        }
    }

    fn apply(&mut self, position: u64, event: &Event) {
        let category = event.stream.category.as_str();
        let wrong = || format!("at {position}: {event:?} is wrong");
        self.notifications.expect(event);
        if category == "notification" {
            self.notifications.apply(position, event, &mut self.violations);
            return;
        }
        if category == "account" {
            self.violations.unless(self.accounts.apply(event), wrong);
        }
        if category == "transfer" || is_step(event) {
            self.violations.unless(self.transfers.apply(event), wrong);
        }
        if matches!(category, "account" | "transfer") && !is_step(event) {
            self.asked_for(position, event);
        }
        let (held, under_way, paid_in) =
            (self.accounts.held(), self.transfers.under_way(), self.accounts.paid_in());
        self.violations.unless(held + under_way == paid_in, || {
            format!(
                "at {position}: {held} cents are held and {under_way} under way, but {paid_in} were paid in"
            )
        });
    }

    /// A client asked for it, and only once.
    fn asked_for(&mut self, position: u64, event: &Event) {
        let Event { commandid: command_id, version, .. } = *event;
        let done = Acknowledged { command_id, id: event.stream.id, version, position };
        self.violations.unless(self.by_clients.insert(event.correlation_id(), done).is_none(), || {
            format!("at {position}: what command {command_id} asks for has happened before")
        });
    }

    /// Whether clients were told the truth.
    pub(crate) fn compare_with(&self, ledger: &Ledger, violations: &mut Violations) {
        for acknowledged in ledger.all_acknowledged() {
            violations.unless(self.entries.contain(acknowledged.command_id), || {
                format!("acknowledged and lost: {acknowledged:?}")
            });
        }
        for (correlation_id, done) in &self.by_clients {
            match ledger.answer(*correlation_id) {
                Some(Some(told)) if told == *done => {}
                Some(Some(told)) => violations.add(format!("told {told:?}, but it is {done:?}")),
                Some(None) => violations.add(format!("turned down, and yet carried out: {done:?}")),
                None => violations.add(format!("nobody asked for {done:?}")),
            }
        }
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entries, transfers, notifications) = (&self.entries, &self.transfers, self.notifications.len());
        write!(f, "{entries}, {transfers}, {notifications} notifications")
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
