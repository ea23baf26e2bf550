//! What can be said about a bench.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, ValueEnum};

/// What to measure, how, and where to put what came out.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// What to measure; nothing said: everything.
    #[arg(value_enum, value_name = "MEASURE")]
    pub measures: Vec<Measure>,
    /// One short round of everything, to see that it works. Its figures mean little.
    #[arg(long)]
    pub quick: bool,
    /// How often everything is measured, one after the other and then again; the median counts.
    #[arg(long, default_value = "5", conflicts_with = "quick")]
    pub rounds: NonZeroUsize,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Write the JSON to this file, too.
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Compare with what was saved to this file.
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Make the bench's own directory in this one, which has to be on a real disk. Left out: in `target`,
    /// beside the program, or else where it was started.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// What can be measured. The limits of each are measured in the same run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Measure {
    /// All limits, and nothing else.
    Limits,
    /// The log alone: commits of one event.
    Append,
    /// Deposits to 1,000 accounts, over the bus and through HTTP, with everything running.
    Commands,
    /// From acknowledged to visible in `balances`, at 200 commands a second.
    Lag,
    /// From nothing to the log's end, which is a million events away: `balances`, and all views.
    CatchUp,
    /// One command to an account with 10,000 events, by a service that has just started, and by one that
    /// knows it.
    Load,
    /// Until everything that was stopped is there again, over a log of a million events.
    Restart,
    /// What a command costs among 1,000 accounts, and among up to a million.
    Scale,
    /// What each service takes: at rest, under load, and with as many accounts as there are at most.
    Memory,
}
