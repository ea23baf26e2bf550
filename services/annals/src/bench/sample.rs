//! What one round gives.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Something that has a number in every round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figure {
    /// What the report calls it, such as `commands.bus.128`. Never changed: saved reports are compared.
    pub name: String,
    /// What is counted.
    pub unit: Unit,
    /// The figures that it could not be better than, by their names.
    pub limits: Vec<String>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    /// More is better.
    PerSecond,
    /// Less is better.
    Milliseconds,
    /// Memory. Less is better.
    Mebibytes,
    /// Of a disk. Less is better.
    Bytes,
}

/// The number of a figure in one round.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// Whose number it is.
    pub figure: Figure,
    /// In the figure's unit.
    pub value: f64,
    /// How long each took.
    pub times: Option<Times>,
    /// How many went wrong. They are not in `value`, nor in `times`.
    pub failures: u64,
    /// What was wrong with the first of them.
    pub first_failure: Option<String>,
}

/// How long single things took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 99 of 100 took no longer.
    pub p99_ms: f64,
}

impl Sample {
    /// So many in a time.
    #[allow(clippy::cast_precision_loss)] // nobody does 2^53 things while it is measured
    pub(crate) fn rate(figure: Figure, done: u64, took: Duration) -> Self {
        Self::new(figure, done as f64 / took.as_secs_f64())
    }

    /// A time.
    pub(crate) fn time(figure: Figure, took: Duration) -> Self {
        Self::new(figure, took.as_secs_f64() * 1000.0)
    }

    /// Memory.
    #[allow(clippy::cast_precision_loss)] // nobody has 2^53 bytes
    pub(crate) fn memory(figure: Figure, bytes: u64) -> Self {
        Self::new(figure, bytes as f64 / 1024.0 / 1024.0)
    }

    /// What each of so many took of something.
    #[allow(clippy::cast_precision_loss)] // nothing here is 2^53 bytes
    pub(crate) fn share(figure: Figure, total: u64, of: u64) -> Self {
        Self::new(figure, total as f64 / of.max(1) as f64)
    }

    fn new(figure: Figure, value: f64) -> Self {
        Self { figure, value, times: None, failures: 0, first_failure: None }
    }
}

impl Figure {
    /// A figure that stands for itself.
    pub(crate) fn new(name: impl Into<String>, unit: Unit) -> Self {
        Self { name: name.into(), unit, limits: Vec::new() }
    }

    /// It could not be better than these.
    pub(crate) fn within<const N: usize>(self, limits: [&str; N]) -> Self {
        Self { limits: limits.map(str::to_owned).into(), ..self }
    }
}

impl Times {
    /// Of something that happened once.
    pub(crate) fn one(took: Duration) -> Self {
        let ms = took.as_secs_f64() * 1000.0;
        Self { p50_ms: ms, p99_ms: ms }
    }

    /// Of times in nanoseconds. None of none.
    pub(crate) fn of(nanoseconds: &Histogram<u64>) -> Option<Self> {
        let at = |quantile| milliseconds(nanoseconds.value_at_quantile(quantile));
        (!nanoseconds.is_empty()).then(|| Self { p50_ms: at(0.5), p99_ms: at(0.99) })
    }
}

#[allow(clippy::cast_precision_loss)] // beyond 2^53 ns, which is a hundred days
fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_in_milliseconds_and_right_to_one_in_a_thousand() {
        let mut nanoseconds = Histogram::new(3).unwrap();
        assert_eq!(Times::of(&nanoseconds), None);
        for thousandth in 1..=1000 {
            nanoseconds.record(thousandth * 1_000_000).unwrap();
        }
        let Times { p50_ms, p99_ms } = Times::of(&nanoseconds).unwrap();
        assert!((p50_ms / 500.0 - 1.0).abs() < 1e-3, "{p50_ms}");
        assert!((p99_ms / 990.0 - 1.0).abs() < 1e-3, "{p99_ms}");
    }
}
