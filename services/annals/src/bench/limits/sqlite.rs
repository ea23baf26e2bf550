//! What SQLite does with rows that no projection made.

use annals_sqlite::bare::Table;

use super::jetstream::Publisher;
use crate::bench::{
    Bench,
    load::{Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
};

/// Writes rows, one transaction after the other.
struct Writer(Table);

impl Worker for Writer {
    async fn once(&mut self) -> anyhow::Result<u64> {
        Ok(self.0.write().await?)
    }
}

/// One message until it is on disk, then one row: what it takes at least until an event is visible.
struct Both {
    publisher: Publisher,
    writer: Writer,
}

impl Worker for Both {
    async fn once(&mut self) -> anyhow::Result<u64> {
        self.publisher.once().await?;
        self.writer.once().await
    }
}

/// Rows per second, in transactions of 1,000 and of one.
pub(super) async fn rows(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let directory = bench.directory.fresh()?;
    let mut samples = Vec::new();
    for rows in [1000, 1] {
        let table = Table::create(&directory.path().join(format!("{rows}.db")), rows).await?;
        let tally = closed_loop(vec![Writer(table)], bench.pace).await;
        samples.push(tally.rate(Figure::new(format!("limit.sqlite.{rows}"), Unit::PerSecond)));
    }
    Ok(samples)
}

/// Milliseconds for both, one after the other.
pub(super) async fn visible(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let directory = bench.directory.fresh()?;
    let measure = async |system: &System| {
        let publisher = Publisher::new(system, 1).await?;
        let writer = Writer(Table::create(&directory.path().join("rows.db"), 1).await?);
        let both = Both { publisher, writer };
        let tally = closed_loop(vec![both], bench.pace).await;
        Ok(vec![tally.typical(Figure::new("limit.visible", Unit::Milliseconds))?])
    };
    System::during(bench, Needs::Log, measure).await
}
