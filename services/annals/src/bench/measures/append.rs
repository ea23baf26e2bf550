//! The log's append alone: commits of one event, each the first of its stream.

use annals_core::Commit;
use annals_nats::{Appended, JetStreamLog, Log};
use anyhow::bail;
use uuid::Uuid;

use crate::bench::{
    Bench,
    load::{Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload,
};

/// One commit after the other. They are alike but for their ids, since to decide is not part of it.
struct Writer {
    log: JetStreamLog,
    commit: Commit,
}

impl Worker for Writer {
    async fn once(&mut self) -> anyhow::Result<u64> {
        self.commit.id = Uuid::now_v7();
        self.commit.stream.id = Uuid::new_v4();
        match self.log.append(&self.commit, 0).await? {
            Appended::Stored(_) => Ok(1),
            Appended::Overtaken(_) => bail!("the stream is new, and somebody else wrote to it"),
        }
    }
}

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let (log, commit) = (system.nats().await?.log(), workload::opening(&bench.catalog)?);
        let mut samples = Vec::new();
        for (in_flight, limit) in
            [(1, "limit.publish.1"), (128, "limit.batch.128"), (1024, "limit.batch.1000")]
        {
            let writer = || Writer { log: log.clone(), commit: commit.clone() };
            let tally = closed_loop((0..in_flight).map(|_| writer()).collect(), bench.pace).await;
            let figure = Figure::new(format!("append.{in_flight}"), Unit::PerSecond).within([limit]);
            samples.push(tally.rate(figure));
        }
        Ok(samples)
    };
    System::during(bench, Needs::Log, measure).await
}
