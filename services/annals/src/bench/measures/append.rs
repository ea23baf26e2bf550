//! The log's append alone: commits of one event, each the first of its stream.

use annals_core::Catalog;
use annals_nats::{Appended, JetStreamLog, Log};
use anyhow::bail;

use crate::bench::{
    Bench,
    load::{Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload,
};

/// One commit after the other.
struct Writer {
    log: JetStreamLog,
    catalog: Catalog,
}

impl Worker for Writer {
    async fn once(&mut self) -> anyhow::Result<u64> {
        match self.log.append(&workload::opening(&self.catalog)?, 0).await? {
            Appended::Stored(_) => Ok(1),
            Appended::Overtaken(_) => bail!("the stream is new, and somebody else wrote to it"),
        }
    }
}

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let log = system.nats().await?.log();
        let mut samples = Vec::new();
        for (in_flight, limit) in
            [(1, "limit.publish.1"), (128, "limit.batch.128"), (1024, "limit.batch.1000")]
        {
            let writer = || Writer { log: log.clone(), catalog: bench.catalog.clone() };
            let tally = closed_loop((0..in_flight).map(|_| writer()).collect(), bench.pace).await;
            let figure = Figure::new(format!("append.{in_flight}"), Unit::PerSecond).within([limit]);
            samples.push(tally.rate(figure));
        }
        Ok(samples)
    };
    System::during(bench, Needs::Log, measure).await
}
