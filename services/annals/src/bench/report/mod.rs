//! What is said of all rounds: as JSON, which is also what is saved and compared, and as a table.

mod figure;
mod table;
mod target;

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::{
    figure::{Compared, FigureReport},
    target::Expected,
};
use super::{Bench, machine::Machine, rounds::Measured};

/// Which shape the JSON has. Another number is not compared.
const SCHEMA: &str = "annals-bench/1";

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Which shape this has.
    schema: String,
    /// When it was done.
    at: Timestamp,
    /// On what.
    machine: Machine,
    /// How it was measured.
    settings: Settings,
    /// What it was compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compared_with: Option<Before>,
    /// Why there is less than was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended_early: Option<String>,
    /// In the order in which they were measured.
    figures: Vec<FigureReport>,
    /// What is expected of them, as far as they were measured.
    expected: Vec<Expected>,
}

/// How it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Settings {
    quick: bool,
    rounds: usize,
    /// Of each point, before it counts.
    warm_up_ms: u64,
    /// Of each point, while it counts.
    length_ms: u64,
    /// What the services logged, and where to.
    services_log: String,
}

/// Another report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Before {
    at: Timestamp,
    commit: String,
}

/// The file that a report is saved to. It is opened before there is one: who finds out only after hours that
/// it cannot be written has lost them. What it holds stays until then.
pub(crate) struct Saved(File);

impl Saved {
    /// Opens it.
    pub(crate) fn open(file: &Path) -> anyhow::Result<Self> {
        let opened = File::options().create(true).truncate(false).write(true).open(file);
        Ok(Self(opened.with_context(|| format!("{} cannot be written", file.display()))?))
    }

    /// Replaces what it holds.
    pub(crate) fn write(&mut self, report: &Report) -> anyhow::Result<()> {
        self.0.set_len(0)?;
        report.write(&mut self.0)
    }
}

impl Report {
    /// Of everything that was measured.
    pub(crate) fn of(measured: &Measured, bench: &Bench, rounds: usize) -> Self {
        let milliseconds =
            |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let figures = FigureReport::of_all(&measured.samples);
        Self {
            schema: SCHEMA.into(),
            at: Timestamp::now(),
            machine: measured.machine.clone(),
            settings: Settings {
                quick: bench.quick,
                rounds,
                warm_up_ms: milliseconds(bench.pace.warm_up),
                length_ms: milliseconds(bench.pace.length),
                services_log: "at INFO, into a file on the same disk".into(),
            },
            compared_with: None,
            ended_early: measured.ended_early.as_ref().map(|error| format!("{error:#}")),
            expected: target::all(&figures),
            figures,
        }
    }

    /// What was saved before.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        let report: Self = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a report that `--save` wrote", file.display()))?;
        if report.schema != SCHEMA {
            bail!("{} has the shape {}, and this is {SCHEMA}", file.display(), report.schema);
        }
        Ok(report)
    }

    /// Says of each figure how it relates to what it was before.
    pub(crate) fn compare(&mut self, before: &Self) {
        self.compared_with = Some(Before { at: before.at, commit: before.machine.commit.clone() });
        for figure in &mut self.figures {
            let same = before.figures.iter().find(|it| it.name == figure.name);
            figure.compared = same.and_then(|before| Compared::of(figure, before));
        }
    }

    /// As JSON.
    pub(crate) fn write(&self, to: &mut impl Write) -> anyhow::Result<()> {
        serde_json::to_writer_pretty(&mut *to, self)?;
        writeln!(to)?;
        Ok(())
    }

    /// For people.
    pub(crate) fn print(&self, to: &mut impl Write) -> anyhow::Result<()> {
        Ok(writeln!(to, "{}", table::of(self))?)
    }
}
