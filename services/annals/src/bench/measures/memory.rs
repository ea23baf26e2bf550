//! How much memory each service takes, as a process of its own, and nats-server: at rest, and at most while
//! there is load; that also with as many accounts as there are at most, after views that began with nothing.

use std::{net::SocketAddr, time::Duration};

use annals_core::log::Log;
use tokio::time::sleep;

use crate::bench::{
    Bench,
    caught_up::{all_views, shown},
    load::closed_loop,
    processes::{self, Processes, SERVICES},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    usage,
    workload::{ACCOUNTS, Accounts},
};

use super::{commands::HttpClient, scale};

/// Deposits that are on their way at the same time.
const IN_FLIGHT: usize = 128;

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(50);

/// A process, and its id.
type Process = (&'static str, u32);

/// What reactors keep does not depend on how many accounts there are; and they would welcome every one.
const WITHOUT_REACTOR: [&str; 3] = ["gateway", "command", "projector"];

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let Some(folder) = processes::folder()? else {
        let how = "cargo build --release --workspace --bins";
        let why = "the services are not beside this program, or older than their sources";
        let skipped = format!("memory is not measured: {why} ({how})");
        bench.progress.suspend(|| eprintln!("{skipped}"));
        return Ok(Vec::new());
    };
    let log = bench.directory.path().join("processes.log");
    let few = async |system: &System| {
        let mut processes = Processes::start(&folder, &SERVICES, &system.places, &log).await?;
        let (gateway, ids) = (processes.gateway, ids(system, &processes)?);
        let both = async {
            let mut samples = at_rest(&ids).await?;
            let accounts = Accounts::open(&system.nats().await?.bus(), ACCOUNTS).await?;
            samples.extend(under_load("load", bench, gateway, &accounts, &ids).await?);
            Ok(samples)
        };
        processes.beside(both).await
    };
    let mut samples = System::during(bench, Needs::Log, few).await?;

    let largest = scale::largest(bench);
    let many = async |system: &System| {
        let (bus, end) = (system.nats().await?.bus(), system.log().await?.end().await?);
        let mut processes = Processes::start(&folder, &WITHOUT_REACTOR, &system.places, &log).await?;
        let (gateway, ids) = (processes.gateway, ids(system, &processes)?);
        let caught_up = async {
            shown(&bus, &all_views(&bench.catalog), end).await?;
            under_load("many", bench, gateway, &Accounts::seeded(largest.accounts), &ids).await
        };
        processes.beside(caught_up).await
    };
    samples.extend(System::over(largest.copy(bench).await?.path(), bench, Needs::Log, many).await?);
    Ok(samples)
}

fn ids(system: &System, processes: &Processes) -> anyhow::Result<Vec<Process>> {
    Ok(processes.ids()?.into_iter().chain([("nats-server", system.server_pid())]).collect())
}

/// What each has, once it has nothing to do any more.
async fn at_rest(processes: &[Process]) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for &(name, id) in processes {
        usage::at_rest(id).await?;
        samples.push(sample("rest", name, usage::of(id)?.resident_bytes));
    }
    Ok(samples)
}

/// The most that each has while deposits come in. What goes wrong with these stands beside the gateway's,
/// through which they come.
async fn under_load(
    when: &str,
    bench: &Bench,
    gateway: SocketAddr,
    accounts: &Accounts,
    processes: &[Process],
) -> anyhow::Result<Vec<Sample>> {
    let mut workers = Vec::new();
    for _ in 0..IN_FLIGHT {
        workers.push(HttpClient::connect(gateway, accounts).await?);
    }
    let mut most = vec![0; processes.len()];
    let tally = tokio::select! {
        tally = closed_loop(workers, bench.pace) => tally,
        error = watch(processes, &mut most) => return Err(error),
    };
    let beside = |(&(name, _), bytes): (&Process, u64)| {
        let sample = sample(when, name, bytes);
        if name == "gateway" { tally.blame(sample) } else { sample }
    };
    Ok(processes.iter().zip(most).map(beside).collect())
}

/// Keeps the most that each has had, until one is gone.
async fn watch(processes: &[Process], most: &mut [u64]) -> anyhow::Error {
    loop {
        for (most, &(_, id)) in most.iter_mut().zip(processes) {
            match usage::of(id) {
                Ok(usage) => *most = usage.resident_bytes.max(*most),
                Err(error) => return error,
            }
        }
        sleep(EVERY).await;
    }
}

fn sample(when: &str, name: &str, bytes: u64) -> Sample {
    Sample::memory(Figure::new(format!("memory.{when}.{name}"), Unit::Mebibytes), bytes)
}
