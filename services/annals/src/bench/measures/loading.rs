//! Deposits to accounts whose state is not in memory, beside deposits to one whose state is: a writer in this
//! process, with hardly any memory, over a log of many accounts.

use std::process;

use annals_command::{Executor, MemoryArgs};
use annals_nats::JetStreamLog;

use crate::bench::{
    Bench,
    load::closed_loop,
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    usage::at_rest,
    workload::{Accounts, Depositor},
};

use super::scale;

/// Bytes of aggregates that stay in memory: of some forty.
const CACHE_BYTES: usize = 16 * 1024;

/// How many deposits are on their way at the same time.
const IN_FLIGHT: [usize; 2] = [1, 128];

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let log = scale::many(bench);
    let accounts = Accounts::seeded(log.accounts);
    let measure = async |system: &System| {
        let memory = MemoryArgs { cache_bytes: CACHE_BYTES, ..system.memory() };
        let points = async |writer: &Executor<JetStreamLog>| {
            at_rest(process::id()).await?; // what it has folded is being written
            let mut samples = Vec::new();
            for in_flight in IN_FLIGHT {
                let (cold, warm) = names(in_flight);
                let unit = Unit::Milliseconds;
                let tally = closed_loop(Depositor::crowd(in_flight, writer, &accounts), bench.pace).await;
                samples.push(tally.typical(Figure::new(cold.as_str(), unit))?);
                let tally =
                    closed_loop(Depositor::crowd(in_flight, writer, &accounts.one()), bench.pace).await;
                samples.push(tally.typical(Figure::new(warm, unit).within([&cold]))?);
            }
            Ok(samples)
        };
        Box::pin(system.with_writer(bench, &memory, points)).await
    };
    System::over(log.copy(bench).await?.path(), bench, Needs::Log, measure).await
}

fn names(in_flight: usize) -> (String, String) {
    match in_flight {
        1 => ("load.cold".into(), "load.warm".into()),
        _ => (format!("load.cold.{in_flight}"), format!("load.warm.{in_flight}")),
    }
}
