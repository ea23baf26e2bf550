//! What is measured.

mod append;
mod behind;
mod catch_up;
mod commands;
mod disk;
mod lag;
mod loading;
mod memory;
mod mixed;
mod restart;
mod scale;
mod search;

use super::{Bench, Measure, limits::Limit, sample::Sample};

impl Measure {
    /// What it cannot be better than.
    pub(crate) fn limits(self) -> &'static [Limit] {
        match self {
            Self::Limits => Limit::ALL,
            Self::Append | Self::Local | Self::Commands => &[Limit::Fsync, Limit::Entry],
            Self::Lag => &[Limit::Visible],
            Self::CatchUp => &[Limit::Sqlite],
            Self::Search | Self::Load | Self::Restart | Self::Scale | Self::Memory | Self::Disk => &[],
        }
    }

    /// Measures it once.
    pub(crate) async fn round(self, bench: &Bench) -> anyhow::Result<Vec<Sample>> {
        match self {
            Self::Limits => Ok(Vec::new()),
            Self::Append => append::round(bench).await,
            Self::Local => commands::in_process(bench).await,
            Self::Commands => commands::round(bench).await,
            Self::Lag => lag::round(bench).await,
            Self::Search => search::round(bench).await,
            Self::CatchUp => catch_up::round(bench).await,
            Self::Load => loading::round(bench).await,
            Self::Restart => restart::round(bench).await,
            Self::Scale => scale::round(bench).await,
            Self::Memory => memory::round(bench).await,
            Self::Disk => disk::round(bench).await,
        }
    }
}
