//! The whole log, added up.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use uuid::Uuid;

use super::{
    Violations,
    accounts::Accounts,
    batches::Batches,
    commit::{Event, parse, sha256},
    notifications::Notifications,
    reader::{Reader, Stored},
    transfers::{Transfers, is_step},
};
use crate::{Acknowledged, Ledger};

/// What is known after the commit at `position`.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    pub position: u64,
    pub accounts: Accounts,
    pub transfers: Transfers,
    pub notifications: Notifications,
    pub batches: Batches,
    pub violations: Violations,
    /// The end of every stream, by subject.
    streams: HashMap<String, Head>,
    commands: HashSet<Uuid>,
    /// What clients did to accounts and transfers, by correlation id.
    by_clients: HashMap<Uuid, Acknowledged>,
}

#[derive(Debug, Default)]
struct Head {
    version: u64,
    hash: Option<String>,
    time: String,
}

impl Fold {
    /// Reads to the end of the log, however long it is.
    pub(crate) async fn read_to_the_end(&mut self, reader: &mut Reader) {
        let end = reader.end().await;
        while self.position < end {
            self.take(&reader.next().await);
        }
    }

    /// Reads on until no cause waits for its notification, every transfer has ended, and so has the batch.
    pub(crate) async fn read_until_settled(&mut self, reader: &mut Reader) {
        while !(self.notifications.are_settled() && self.transfers.are_settled()) || self.batches.is_open() {
            self.take(&reader.next().await);
        }
    }

    fn take(&mut self, stored: &Stored) {
        let Stored { position, subject, bytes, member } = stored;
        self.violations
            .unless(*position == self.position + 1, || format!("{position} follows {}", self.position));
        self.position = *position;
        self.batches.take(*position, member.clone(), &mut self.violations);
        match parse(subject, bytes) {
            Err(reason) => self.violations.add(format!("at {position}: {reason}")),
            Ok(events) => {
                self.link(stored, &events);
                for event in &events {
                    self.apply(*position, subject, event);
                }
            }
        }
    }

    /// Whether a commit continues its stream.
    fn link(&mut self, stored: &Stored, events: &[Event]) {
        let (first, last) = (&events[0], &events[events.len() - 1]);
        let head = self.streams.entry(stored.subject.clone()).or_default();
        let at = || format!("{} at {}", stored.subject, stored.position);
        let versions = events.iter().map(|event| event.version);
        self.violations
            .unless(versions.eq(head.version + 1..=last.version), || format!("{}: versions with gaps", at()));
        self.violations
            .unless(first.previoushash == head.hash, || format!("{}: the hash chain is broken", at()));
        self.violations.unless(first.time >= head.time, || format!("{}: time goes back", at()));
        self.violations.unless(self.commands.insert(first.commandid), || {
            format!("{}: command {} is there twice", at(), first.commandid)
        });
        *head = Head { version: last.version, hash: Some(sha256(&stored.bytes)), time: last.time.clone() };
    }

    fn apply(&mut self, position: u64, subject: &str, event: &Event) {
        let is_of = |category: &str| subject.starts_with(&format!("events.{category}."));
        let wrong = || format!("at {position}: {event:?} is wrong");
        self.notifications.expect(event);
        if is_of("notification") {
            self.notifications.apply(position, event, &mut self.violations);
            return;
        }
        if is_of("account") {
            self.violations.unless(self.accounts.apply(event), wrong);
        }
        if is_of("transfer") || is_step(event) {
            self.violations.unless(self.transfers.apply(event), wrong);
        }
        if (is_of("account") || is_of("transfer")) && !is_step(event) {
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
        let Event { commandid: command_id, subject: id, version, correlationid, .. } = *event;
        let done = Acknowledged { command_id, id, version, position };
        self.violations.unless(self.by_clients.insert(correlationid, done).is_none(), || {
            format!("at {position}: what command {command_id} asks for has happened before")
        });
    }

    /// Whether clients were told the truth.
    pub(crate) fn compare_with(&self, ledger: &Ledger, violations: &mut Violations) {
        for acknowledged in ledger.all_acknowledged() {
            violations.unless(self.commands.contains(&acknowledged.command_id), || {
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
        let (commits, streams) = (self.position, self.streams.len());
        let (transfers, notifications) = (&self.transfers, self.notifications.len());
        write!(f, "{commits} commits in {streams} streams, {}, {transfers}, ", self.batches)?;
        write!(f, "{notifications} notifications")
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
