//! What is measured.

mod append;
mod commands;
mod lag;

use super::{Bench, Measure, limits::Limit, sample::Sample};

impl Measure {
    /// What it cannot be better than.
    pub(crate) fn limits(self) -> &'static [Limit] {
        match self {
            Self::Limits => Limit::ALL,
            Self::Append => &[Limit::Fsync, Limit::Publish, Limit::Batch],
            Self::Commands => &[Limit::Fsync, Limit::Publish, Limit::Batch, Limit::Http],
            Self::Lag => &[Limit::Visible],
        }
    }

    /// Measures it once.
    pub(crate) async fn round(self, bench: &Bench) -> anyhow::Result<Vec<Sample>> {
        match self {
            Self::Limits => Ok(Vec::new()),
            Self::Append => append::round(bench).await,
            Self::Commands => commands::round(bench).await,
            Self::Lag => lag::round(bench).await,
        }
    }
}
