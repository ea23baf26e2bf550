//! The log's append alone: entries of so many commits, encoded and chained, one after the other.

use annals_core::{
    Commit,
    log::{Draft, Head, Log},
};
use annals_nats::JetStreamLog;
use uuid::Uuid;

use crate::bench::{
    Bench,
    load::{Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload,
};

/// How many commits there are in an entry.
const COMMITS: [usize; 3] = [1, 64, 256];

/// One entry after the other. Their commits are alike but for their ids, since to decide is not part of it.
struct Writer {
    log: JetStreamLog,
    commits: Vec<Commit>,
    head: Head,
}

impl Worker for Writer {
    async fn once(&mut self) -> anyhow::Result<u64> {
        for commit in &mut self.commits {
            commit.id = Uuid::now_v7();
        }
        let draft = Draft::new(Uuid::now_v7(), self.head, workload::entry(&self.commits)?);
        self.head = draft.head(self.log.append(&draft, self.head.position).await?);
        Ok(self.commits.len() as u64)
    }
}

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for commits in COMMITS {
        let measure = async |system: &System| {
            let log = system.log().await?;
            let head = Head::start(log.id());
            let writer = Writer { log, commits: workload::commits(commits)?, head };
            Ok(closed_loop(vec![writer], bench.pace).await)
        };
        let tally = System::during(bench, Needs::Log, measure).await?;
        let figure = Figure::new(format!("append.{commits}"), Unit::PerSecond);
        samples.push(tally.rate(figure.within([&format!("limit.entry.{commits}")])));
    }
    Ok(samples)
}
