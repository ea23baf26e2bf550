//! What JetStream does with messages that nobody decided anything about.

use annals_core::log::{Draft, Head, Log};
use annals_nats::JetStreamLog;
use uuid::Uuid;

use crate::bench::{
    Bench,
    load::{Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload,
};

/// How many commits there are in a message.
const COMMITS: [usize; 5] = [1, 16, 64, 128, 256];

/// Sends the same message again and again, each when the one before it is on disk.
pub(super) struct Publisher {
    log: JetStreamLog,
    draft: Draft,
    expected: u64,
    commits: u64,
}

impl Publisher {
    /// The message is as large as an entry of so many commits.
    pub(super) async fn new(system: &System, commits: usize) -> anyhow::Result<Self> {
        let log = system.log().await?;
        let body = workload::entry(&workload::commits(commits)?)?;
        let draft = Draft::new(Uuid::now_v7(), Head::start(log.id()), body);
        Ok(Self { expected: log.end().await?, draft, commits: commits as u64, log })
    }
}

impl Worker for Publisher {
    async fn once(&mut self) -> anyhow::Result<u64> {
        self.draft.id = Uuid::now_v7();
        match self.log.append(&self.draft, self.expected).await {
            Ok(position) => self.expected = position,
            Err(error) => {
                self.expected = self.log.end().await?; // it may have been stored all the same
                return Err(error.into());
            }
        }
        Ok(self.commits)
    }
}

/// One message after the other, as commits per second; each message took the times beside it.
pub(super) async fn entries(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let mut samples = Vec::new();
        for commits in COMMITS {
            let publisher = Publisher::new(system, commits).await?;
            let tally = closed_loop(vec![publisher], bench.pace).await;
            samples.push(tally.rate(Figure::new(format!("limit.entry.{commits}"), Unit::PerSecond)));
        }
        Ok(samples)
    };
    System::during(bench, Needs::Log, measure).await
}
