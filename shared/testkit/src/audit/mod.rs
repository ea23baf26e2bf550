//! An auditor who trusts nobody: reads the log byte by byte, does the sums, and compares them with
//! what clients were told, with what the views show and with the mails that were sent. Shares no code
//! with the system.

mod accounts;
pub(crate) mod chain;
mod entries;
mod event;
mod fold;
mod mails;
mod notifications;
pub(crate) mod reader;
mod transfers;
mod views;

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use tokio::time::timeout;

use crate::{Client, Ledger};

pub use entries::Entries;
use fold::Fold;
use reader::Reader;

/// How long reactors may take to settle everything once the system is left alone.
const PATIENCE: Duration = Duration::from_secs(90);

/// What an auditor may look at.
#[derive(Debug)]
pub struct Evidence {
    /// The gateway.
    pub client: Client,
    /// The log's server.
    pub nats_url: String,
    /// What the reactors have printed, as JSON lines: their mails are among it.
    pub logs: Vec<PathBuf>,
    /// All that was done to it.
    pub interruptions: Vec<Interruption>,
}

/// A process was ended.
#[derive(Debug, Clone, Copy)]
pub struct Interruption {
    /// When that began.
    pub from: Timestamp,
    /// When it was gone.
    pub until: Timestamp,
    /// Whether a mail under way at that moment may be sent again.
    pub repeats_mails: bool,
}

impl Interruption {
    /// It is gone by now.
    #[must_use]
    pub fn since(from: Timestamp, repeats_mails: bool) -> Self {
        Self { from, until: Timestamp::now(), repeats_mails }
    }
}

/// Everything that is not as it should be.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    shown: Vec<String>,
    count: usize,
}

impl Violations {
    pub(crate) fn add(&mut self, violation: String) {
        const SHOWN: usize = 20;
        self.count += 1;
        if self.shown.len() < SHOWN {
            self.shown.push(violation);
        }
    }

    pub(crate) fn unless(&mut self, holds: bool, violation: impl FnOnce() -> String) {
        if !holds {
            self.add(violation());
        }
    }

    /// What is broken, if anything is.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        let Self { shown, count } = self;
        let broken = || format!("{count} promises are broken:\n  {}", shown.join("\n  "));
        if *count == 0 { Ok(()) } else { Err(broken()) }
    }
}

impl Evidence {
    /// Waits until everything is settled and holds every promise against it. What is broken fails the
    /// test. Gives the entries of the log.
    pub async fn audit(&self, ledger: &Ledger) -> Entries {
        let mut reader = Reader::open(&self.nats_url).await;
        let mut fold = Fold::new(reader.log_id());
        fold.read_to_the_end(&mut reader).await;
        let settled = timeout(PATIENCE, fold.read_until_settled(&mut reader)).await;
        let mut violations = std::mem::take(&mut fold.violations);
        if settled.is_err() {
            let unsettled = [fold.notifications.unsettled(), fold.transfers.unsettled()].join("; ");
            violations.add(format!("not settled within {PATIENCE:?}: {unsettled}"));
        }
        fold.compare_with(ledger, &mut violations);
        views::compare(&self.client, &fold, &mut violations).await;
        let mails = mails::read(&self.logs);
        mails::compare(&mails, &fold.notifications, &self.interruptions, &mut violations);

        violations.verdict().unwrap_or_else(|broken| panic!("{broken}"));
        println!("audit: {fold}, {} mails", mails.len());
        fold.entries
    }
}
