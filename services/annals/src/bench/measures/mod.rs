//! What is measured.

mod append;
mod catch_up;
mod commands;
mod lag;
mod loading;
mod memory;
mod restart;
mod scale;

use super::{Bench, Measure, limits::Limit, sample::Sample};

impl Measure {
    /// What it cannot be better than.
    pub(crate) fn limits(self) -> &'static [Limit] {
        match self {
            Self::Limits => Limit::ALL,
            Self::Append => &[Limit::Fsync, Limit::Publish, Limit::Batch],
            Self::Commands => &[Limit::Fsync, Limit::Publish, Limit::Batch, Limit::Http],
            Self::Lag => &[Limit::Visible],
            Self::CatchUp => &[Limit::Sqlite],
            Self::Load | Self::Restart | Self::Memory => &[],
            Self::Scale => &[Limit::Batch],
        }
    }

    /// Measures it once.
    pub(crate) async fn round(self, bench: &Bench) -> anyhow::Result<Vec<Sample>> {
        match self {
            Self::Limits => Ok(Vec::new()),
            Self::Append => append::round(bench).await,
            Self::Commands => commands::round(bench).await,
            Self::Lag => lag::round(bench).await,
            Self::CatchUp => catch_up::round(bench).await,
            Self::Load => loading::round(bench).await,
            Self::Restart => restart::round(bench).await,
            Self::Scale => scale::round(bench).await,
            Self::Memory => memory::round(bench).await,
        }
    }
}
