//! One figure over all rounds.

use serde::{Deserialize, Serialize};

use crate::bench::{
    sample::{Sample, Times, Unit},
    statistics::Summary,
};

/// What all rounds gave for a figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FigureReport {
    /// Its name.
    pub name: String,
    /// What is counted.
    pub unit: Unit,
    /// Its number in each round.
    pub rounds: Vec<f64>,
    /// Of the rounds.
    #[serde(flatten)]
    pub summary: Summary,
    /// How long single things took: the median of the rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<Times>,
    /// How many went wrong, over all rounds.
    pub failures: u64,
    /// What was wrong with the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_failure: Option<String>,
    /// Beside what limits it.
    pub limits: Vec<Share>,
    /// Beside what it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
}

/// A figure beside one that limits it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Share {
    /// The other figure's name.
    pub limit: String,
    /// This median divided by the other one: at most about 1 of what should be much, at least about 1 of
    /// what should be little.
    pub share: f64,
}

/// A figure beside what it was before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Compared {
    /// This median divided by the one before.
    pub ratio: f64,
    /// Whether each of the medians is outside the other's spread: else it may well be chance.
    pub differs: bool,
    /// Whether that is good.
    pub better: bool,
}

impl FigureReport {
    /// All figures of which there are samples, in the order in which they came.
    pub(super) fn of_all(samples: &[Sample]) -> Vec<Self> {
        let mut by_name: Vec<(&str, Vec<&Sample>)> = Vec::new();
        for sample in samples {
            match by_name.iter_mut().find(|(name, _)| *name == sample.figure.name) {
                Some((_, same)) => same.push(sample),
                None => by_name.push((&sample.figure.name, vec![sample])),
            }
        }
        let mut figures: Vec<_> = by_name.iter().filter_map(|(_, same)| Self::of(same)).collect();
        let medians: Vec<_> = figures.iter().map(|it| (it.name.clone(), it.summary.median)).collect();
        for (figure, (_, same)) in figures.iter_mut().zip(&by_name) {
            let measured = |limit: &String| medians.iter().find(|(name, _)| name == limit);
            let limits = same[0].figure.limits.iter().filter_map(measured);
            let share = |median| figure.summary.median / median;
            let shares = limits.map(|(limit, median)| Share { limit: limit.clone(), share: share(median) });
            figure.limits = shares.filter(|it| it.share.is_finite()).collect(); // JSON has no other numbers
        }
        figures
    }

    fn of(samples: &[&Sample]) -> Option<Self> {
        let figure = &samples.first()?.figure;
        let rounds: Vec<f64> = samples.iter().map(|it| it.value).collect();
        let typical =
            |of: fn(&Times) -> f64| Summary::of(samples.iter().filter_map(|it| it.times.as_ref()).map(of));
        let times = typical(|it| it.p50_ms).zip(typical(|it| it.p99_ms));
        Some(Self {
            name: figure.name.clone(),
            unit: figure.unit,
            summary: Summary::of(rounds.iter().copied())?,
            rounds,
            times: times.map(|(p50, p99)| Times { p50_ms: p50.median, p99_ms: p99.median }),
            failures: samples.iter().map(|it| it.failures).sum(),
            first_failure: samples.iter().find_map(|it| it.first_failure.clone()),
            limits: Vec::new(),
            compared: None,
        })
    }
}

impl Compared {
    /// None if a ratio means nothing.
    pub(super) fn of(now: &FigureReport, before: &FigureReport) -> Option<Self> {
        let ratio = now.summary.median / before.summary.median;
        let comparable = now.unit == before.unit && ratio.is_finite();
        comparable.then(|| Self {
            ratio,
            differs: now.summary.differs_from(&before.summary),
            better: match now.unit {
                Unit::PerSecond => ratio > 1.0,
                Unit::Milliseconds | Unit::Mebibytes | Unit::Bytes => ratio < 1.0,
            },
        })
    }
}

#[cfg(test)]
#[path = "figure_tests.rs"]
mod tests;
