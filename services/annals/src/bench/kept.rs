//! Logs that are filled once and then kept: to fill them takes longer than to measure with them.

use std::{fs, path::PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempDir;

use super::{
    Bench,
    caught_up::settled,
    seed,
    system::{Needs, System},
};

/// A log of accounts that all have the same number of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    /// What it is called.
    pub purpose: &'static str,
    /// How many accounts there are: those of the numbers from 0 on.
    pub accounts: u64,
    /// How many events each of them has.
    pub events_each: usize,
}

/// A million events of 10,000 accounts; a few of them where little is enough.
pub(crate) fn million(bench: &Bench) -> Kept {
    Kept { purpose: "events", accounts: if bench.quick { 50 } else { 10_000 }, events_each: 100 }
}

impl Kept {
    /// How many events it is filled with.
    pub(crate) fn events(self) -> u64 {
        self.accounts * self.events_each as u64
    }

    /// The home of a system with this log, and nothing else. It goes when it is dropped: whoever measures
    /// adds to the log, and the next one shall find what this one found.
    pub(crate) async fn copy(self, bench: &Bench) -> anyhow::Result<TempDir> {
        bench.directory.copy_of(&self.home(bench).await?).await
    }

    /// The home of a system that was stopped when all its services had dealt with this log.
    pub(crate) async fn stopped(self, bench: &Bench) -> anyhow::Result<TempDir> {
        let home = bench.directory.path().join("stopped");
        if !home.exists() {
            let copy = self.copy(bench).await?;
            let settle = async |system: &System| settled(bench, system).await;
            System::over(copy.path(), bench, Needs::Everything, settle).await?;
            fs::rename(copy.keep(), &home)?;
        }
        bench.directory.copy_of(&home).await
    }

    /// The home that is copied, which is filled when it is asked for the first time.
    async fn home(self, bench: &Bench) -> anyhow::Result<PathBuf> {
        let Self { purpose, accounts, events_each } = self;
        let home = bench.directory.path().join(format!("{purpose}-{accounts}"));
        if !home.exists() {
            let fill = async |system: &System| {
                let bar = bench.progress.add(bar(self.events()));
                seed::seed(&system.log().await?, 0..accounts, events_each, &bar).await?;
                bar.finish_and_clear();
                Ok(())
            };
            System::over(&home, bench, Needs::Log, fill).await?;
        }
        Ok(home)
    }
}

fn bar(events: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} events, {per_sec}");
    ProgressBar::new(events).with_style(style.expect("the template is well-formed"))
}
