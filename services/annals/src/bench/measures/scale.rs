//! What a deposit costs among few accounts, and among many: any of them, each as likely as the others.

use std::{process, time::Duration};

use crate::{
    bench::{
        Bench,
        kept::Kept,
        load::{Pace, closed_loop},
        sample::{Figure, Sample, Unit},
        system::{Needs, System},
        usage::{self, at_rest},
        workload::{Accounts, Depositor},
    },
    services::Services,
};

/// How many accounts there are. It should make no difference.
const ACCOUNTS: &[u64] = &[1_000, 10_000, 100_000, 1_000_000];

/// The same where little is enough.
const FEW: &[u64] = &[100, 1_000];

/// Deposits that are on their way at the same time.
const IN_FLIGHT: usize = 128;

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let sizes = sizes(bench);
    let mut samples = Vec::new();
    for &accounts in sizes {
        let home = log_of(accounts).copy(bench).await?;
        let measure = async |system: &System| {
            let services = Services::command(&system.places, &bench.catalog);
            let point = Box::pin(point(bench, system, accounts, sizes[0]));
            Box::pin(system.with(bench, services, point)).await
        };
        samples.extend(System::over(home.path(), bench, Needs::Log, measure).await?);
    }
    Ok(samples)
}

/// The log with the most accounts.
pub(super) fn largest(bench: &Bench) -> Kept {
    log_of(sizes(bench).last().copied().unwrap_or_default())
}

/// One with more accounts than fit into a small memory.
pub(super) fn many(bench: &Bench) -> Kept {
    log_of(sizes(bench).iter().rev().nth(1).copied().unwrap_or_default())
}

fn sizes(bench: &Bench) -> &'static [u64] {
    if bench.quick { FEW } else { ACCOUNTS }
}

/// Accounts that have been opened, and no more.
fn log_of(accounts: u64) -> Kept {
    Kept { purpose: "scale", accounts, events_each: 1 }
}

async fn point(bench: &Bench, system: &System, count: u64, fewest: u64) -> anyhow::Result<Vec<Sample>> {
    at_rest(process::id()).await?; // it may have begun to fill its cache

    let (bus, accounts) = (system.nats().await?.bus(), Accounts::seeded(count));
    let clients = || Depositor::crowd(IN_FLIGHT, &bus, &accounts);
    closed_loop(clients(), Pace { length: Duration::ZERO, ..bench.pace }).await;
    let before = cpu(system)?;
    let tally = closed_loop(clients(), Pace { warm_up: Duration::ZERO, ..bench.pace }).await;
    let cpu = cpu(system)?.saturating_sub(before);

    let beside =
        |name: &str, unit| Figure::new(format!("{name}.{count}"), unit).within([&format!("{name}.{fewest}")]);
    let commands = tally.rate(beside("scale", Unit::PerSecond));
    let done = commands.value * bench.pace.length.as_secs_f64();
    let server = usage::of(system.server_pid())?.resident_bytes;
    Ok(vec![
        commands,
        Sample::time(beside("scale.cpu", Unit::Milliseconds), cpu.div_f64(done.max(1.0))),
        Sample::memory(beside("scale.server", Unit::Mebibytes), server),
    ])
}

/// Of the service, of those who give commands, and of nats-server.
fn cpu(system: &System) -> anyhow::Result<Duration> {
    Ok(usage::of(process::id())?.cpu + usage::of(system.server_pid())?.cpu)
}
