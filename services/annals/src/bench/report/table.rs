//! The report for people.

use std::fmt::{self, Display, Formatter};

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};

use super::{
    Report,
    figure::{Compared, FigureReport, Share},
};
use crate::bench::sample::{Times, Unit};

/// Stands behind figures that are not what they seem.
const SOME_FAILED: &str = " !";

/// The whole report.
pub(super) fn of(report: &Report) -> String {
    let mut lines = vec![head(report), figures(report).to_string()];
    lines.extend(report.figures.iter().filter_map(Failed::of).map(|it| it.to_string()));
    lines.extend(report.expected.iter().map(ToString::to_string));
    lines.extend(foot(report));
    lines.join("\n")
}

fn head(report: &Report) -> String {
    let (machine, settings) = (&report.machine, &report.settings);
    format!(
        "Annals {} ({}, {}) with nats-server {}, sync_interval {}\n\
         {} cores of {}, {} MiB, {}, {} on {}\n\
         {} of {} ms each after {} ms; services log {}",
        machine.annals,
        machine.commit,
        machine.build,
        machine.nats_server,
        machine.sync_interval,
        machine.cores,
        machine.cpu,
        machine.memory_mib,
        machine.kernel,
        machine.file_system,
        machine.device,
        if settings.rounds == 1 { "1 round".into() } else { format!("{} rounds", settings.rounds) },
        settings.length_ms,
        settings.warm_up_ms,
        settings.services_log,
    )
}

fn figures(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    let mut header = vec!["figure", "median", "", "spread", "p50 ms", "p99 ms", "beside its limits"];
    if report.compared_with.is_some() {
        header.push("beside before");
    }
    table.set_header(header);
    for figure in &report.figures {
        let mut row = row(figure);
        if report.compared_with.is_some() {
            row.push(figure.compared.as_ref().map_or_else(String::new, ToString::to_string));
        }
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1).take(5) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(figure: &FigureReport) -> Vec<String> {
    let summary = figure.summary;
    let mark = if figure.failures > 0 { SOME_FAILED } else { "" };
    let unit = match figure.unit {
        Unit::PerSecond => "/s",
        Unit::Milliseconds => "ms",
        Unit::Mebibytes => "MiB",
        Unit::Bytes => "B",
    };
    let time = |of: fn(&Times) -> f64| figure.times.as_ref().map_or_else(String::new, |it| number(of(it)));
    let limits: Vec<_> = figure.limits.iter().map(|it| share(figure.unit, it)).collect();
    vec![
        format!("{}{mark}", figure.name),
        number(summary.median),
        unit.into(),
        format!("{} .. {}", number(summary.min), number(summary.max)),
        time(|it| it.p50_ms),
        time(|it| it.p99_ms),
        limits.join(", "),
    ]
}

fn share(unit: Unit, beside: &Share) -> String {
    match unit {
        Unit::PerSecond => format!("{:.0} % of {}", beside.share * 100.0, beside.limit),
        Unit::Milliseconds | Unit::Mebibytes | Unit::Bytes => {
            format!("{:.1} x {}", beside.share, beside.limit)
        }
    }
}

/// Three digits, or all of those before the point.
fn number(number: f64) -> String {
    match number.abs() {
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        1.0.. => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

impl Display for Compared {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let verdict = match (self.differs, self.better) {
            (false, _) => "",
            (true, true) => " better",
            (true, false) => " WORSE",
        };
        write!(f, "x {:.2}{verdict}", self.ratio)
    }
}

/// A figure of which some went wrong.
struct Failed<'a>(&'a FigureReport);

impl<'a> Failed<'a> {
    fn of(figure: &'a FigureReport) -> Option<Self> {
        (figure.failures > 0).then_some(Self(figure))
    }
}

impl Display for Failed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let first = self.0.first_failure.as_deref().unwrap_or("unknown");
        write!(f, "! {}: {} failed and do not count; the first: {first}", self.0.name, self.0.failures)
    }
}

fn foot(report: &Report) -> Vec<String> {
    let early = report.ended_early.as_ref().map(|why| format!("! It ended early. {why}"));
    let compared = report.compared_with.as_ref().map(|before| {
        format!(
            "Compared with {} of {}: better and WORSE are outside both spreads.",
            before.commit, before.at
        )
    });
    let quick = "A quick round only shows that it works: its figures mean little.".to_owned();
    early.into_iter().chain(compared).chain(report.settings.quick.then_some(quick)).collect()
}
