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
    /// The log alone: entries of so many commits.
    Append,
    /// Deposits to 1,000 accounts and to one, by calls to a writer in this process, with nothing that follows.
    Local,
    /// Deposits to 1,000 accounts and to one, over the bus and through HTTP, with everything running; and transfers
    /// and todos, whose reactions are commands.
    Commands,
    /// From acknowledged to visible in `balances`, at 200 commands a second; and how far the index, views and
    /// reactors are behind with 128 commands on their way.
    Lag,
    /// Deposits at 200 a second beside 60 searches a second for a correlation id that there is not.
    Search,
    /// From nothing to the log's end, which is a million events away: the index, `balances`, and all views; and the
    /// writer's states.
    CatchUp,
    /// Deposits to accounts whose state is not in memory, and to one whose state is.
    Load,
    /// Until everything that was stopped is there again, over a log of a million events.
    Restart,
    /// What a command costs among 1,000 accounts, and among up to a million.
    Scale,
    /// What each service takes: at rest, under load, and with as many accounts as there are at most.
    Memory,
    /// What an event of 30 bytes of data takes of the log's disk.
    Disk,
}
