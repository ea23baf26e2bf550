//! Round after round: everything once, and then again.

use std::collections::BTreeSet;

use anyhow::Context;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Bench, Measure,
    limits::Limit,
    machine::Machine,
    sample::Sample,
    system::{Needs, System},
};

/// What all rounds gave, in the order in which it came.
pub(crate) struct Measured {
    /// On what it was measured.
    pub machine: Machine,
    /// One for each figure and round.
    pub samples: Vec<Sample>,
    /// Why there are no more of them, if there should be.
    pub ended_early: Option<anyhow::Error>,
}

/// Something that is measured once in a round.
#[derive(Clone, Copy)]
enum Point {
    Limit(Limit),
    Measure(Measure),
}

/// Measures what is asked for, or everything, and the limits of it, so many times. What has been measured
/// until something fails is handed on: it took long.
///
/// # Errors
/// When that fails at once, or is stopped.
pub(crate) async fn measure(bench: &Bench, asked: &[Measure], rounds: usize) -> anyhow::Result<Measured> {
    let asked = if asked.is_empty() { Measure::value_variants() } else { asked };
    let measures: BTreeSet<_> = asked.iter().copied().collect();
    let limits: BTreeSet<_> = measures.iter().flat_map(|it| it.limits()).copied().collect();
    let points: Vec<_> =
        limits.into_iter().map(Point::Limit).chain(measures.into_iter().map(Point::Measure)).collect();

    let look = async |system: &System| Machine::look_around(&bench.directory, &system.monitor_url()).await;
    let machine = System::during(bench, Needs::Log, look).await?;
    let bar = bench.progress.add(bar(points.len() * rounds));
    let mut samples = Vec::new();
    let done = all(bench, &points, rounds, &bar, &mut samples).await;
    bar.finish_and_clear();
    match done {
        Err(error) if samples.is_empty() || bench.shutdown.is_cancelled() => Err(error),
        done => Ok(Measured { machine, samples, ended_early: done.err() }),
    }
}

async fn all(
    bench: &Bench,
    points: &[Point],
    rounds: usize,
    bar: &ProgressBar,
    samples: &mut Vec<Sample>,
) -> anyhow::Result<()> {
    for round in 1..=rounds {
        for point in points {
            let which = || format!("round {round}: {}", point.name());
            bar.set_message(which());
            samples.extend(point.round(bench).await.with_context(which)?);
            bar.inc(1);
        }
    }
    Ok(())
}

impl Point {
    async fn round(self, bench: &Bench) -> anyhow::Result<Vec<Sample>> {
        match self {
            Self::Limit(limit) => limit.round(bench).await,
            Self::Measure(measure) => measure.round(bench).await,
        }
    }

    fn name(self) -> String {
        match self {
            Self::Limit(limit) => format!("the limit of {}", limit.in_words()),
            Self::Measure(measure) => {
                measure.to_possible_value().map_or_else(String::new, |it| it.get_name().into())
            }
        }
    }
}

fn bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} (about {eta} left)  {wide_msg}");
    ProgressBar::new(steps as u64).with_style(style.expect("the template is well-formed"))
}
