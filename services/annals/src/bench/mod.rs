//! `annals bench`: how fast it is on this machine, and how fast it could be.
//!
//! Each round measures everything once, the limits first, and the rounds follow each other: what the
//! machine does meanwhile meets all of them alike. Each point has a nats-server of its own, run as
//! `annals up` runs it, on an empty directory, and the services that it needs, as they always are. The
//! load is made in the same process, on the same cores, so what it costs counts against us.

mod account;
mod built;
mod caught_up;
mod directory;
mod http;
mod kept;
mod limits;
mod load;
mod machine;
mod measures;
mod options;
mod processes;
mod report;
mod rounds;
mod sample;
mod seed;
mod statistics;
mod steady;
mod system;
mod usage;
mod workload;

use std::{fs::File, io::stdout, time::Duration};

use annals_chassis::{config::LogFormat, telemetry};
use annals_core::Catalog;
use anyhow::bail;
use indicatif::MultiProgress;
use tokio_util::sync::CancellationToken;

use self::{
    directory::Directory,
    load::Pace,
    report::{Report, Saved},
};

pub use options::{Measure, Options};

/// What every measure is given.
pub(crate) struct Bench {
    /// Where there is room for its data.
    pub directory: Directory,
    /// What the services serve.
    pub catalog: Catalog,
    /// How long each point is measured.
    pub pace: Pace,
    /// Whether it is only to be seen that it works: then little is enough.
    pub quick: bool,
    /// For whoever waits: on standard error, if that is a terminal.
    pub progress: MultiProgress,
    /// When to stop, at once.
    pub shutdown: CancellationToken,
}

impl Bench {
    /// Does this, unless somebody stops it.
    pub(crate) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let done = self.shutdown.run_until_cancelled(Box::pin(work)).await;
        done.unwrap_or_else(|| bail!("stopped: nothing is reported, and nothing is kept"))
    }
}

/// Measures, and reports on standard output. What it kept meanwhile is gone at the end, also if that is an
/// error or somebody stops it. Of one that was killed the next bench in the same place clears away what is left.
///
/// # Errors
/// When something cannot be measured at all: what was measured before is reported nevertheless. What fails
/// while it is measured is counted, and shown.
pub async fn run(
    options: Options,
    log: LogFormat,
    catalog: Catalog,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    if cfg!(debug_assertions) && !options.quick {
        bail!("this is a debug build, whose figures mean nothing: use `cargo run --release`, or --quick");
    }
    let before = options.compare.as_deref().map(Report::read).transpose()?;
    let mut save = options.save.as_deref().map(Saved::open).transpose()?;
    let directory = Directory::create(options.data.as_deref())?;
    // Where a service's log usually goes, something reads it: a file is the nearest to that.
    telemetry::init_in(File::create(directory.log())?, log);
    let pace = if options.quick { pace(100, 500) } else { pace(1000, 3000) };
    let bench =
        Bench { directory, catalog, pace, quick: options.quick, progress: MultiProgress::new(), shutdown };

    let rounds = if options.quick { 1 } else { options.rounds.get() };
    let measured = rounds::measure(&bench, &options.measures, rounds).await?;
    let mut report = Report::of(&measured, &bench, rounds);
    if let Some(before) = &before {
        report.compare(before);
    }
    if let Some(save) = &mut save {
        save.write(&report)?;
    }
    if options.json {
        report.write(&mut stdout())?;
    } else {
        report.print(&mut stdout())?;
    }
    measured.ended_early.map_or(Ok(()), Err)
}

fn pace(warm_up_ms: u64, length_ms: u64) -> Pace {
    Pace { warm_up: Duration::from_millis(warm_up_ms), length: Duration::from_millis(length_ms) }
}
