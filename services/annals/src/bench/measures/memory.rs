//! How much memory each service takes, as a process of its own, and nats-server: at rest, under load, and
//! under load with as many accounts as there are at most.

use std::net::SocketAddr;

use annals_nats::{Log, Scope};

use crate::bench::{
    Bench,
    caught_up::{all_views, shown},
    load::closed_loop,
    processes::{self, Processes, SERVICES},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    usage::{self, at_rest},
    workload::Accounts,
};

use super::{commands, scale};

/// Accounts that the deposits are spread over, where there are few.
const ACCOUNTS: usize = 1000;

/// Deposits that are on their way at the same time.
const IN_FLIGHT: usize = 128;

/// What reactors keep does not depend on how many accounts there are; and they would welcome every one.
const WITHOUT_REACTOR: [&str; 3] = ["gateway", "command", "projector"];

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let Some(folder) = processes::folder()? else {
        let how = "cargo build --release --workspace --bins";
        let skipped = format!("memory is not measured: the services are not beside this program ({how})");
        bench.progress.suspend(|| eprintln!("{skipped}"));
        return Ok(Vec::new());
    };
    let log = bench.directory.path().join("processes.log");
    let few = async |system: &System| {
        let processes = Processes::start(&folder, &SERVICES, &system.places, &log).await?;
        let mut samples = taken("rest", system, &processes).await?;
        let accounts = Accounts::open(&system.nats().await?.bus(), ACCOUNTS).await?;
        work(bench, processes.gateway, &accounts).await?;
        samples.extend(taken("load", system, &processes).await?);
        Ok(samples)
    };
    let mut samples = System::during(bench, Needs::Log, few).await?;

    let largest = scale::largest(bench);
    let many = async |system: &System| {
        let nats = system.nats().await?;
        let processes = Processes::start(&folder, &WITHOUT_REACTOR, &system.places, &log).await?;
        let end = nats.log().last(&Scope::All).await?;
        shown(&nats.bus(), &all_views(&bench.catalog), end).await?;
        work(bench, processes.gateway, &Accounts::seeded(largest.accounts)).await?;
        taken("many", system, &processes).await
    };
    samples.extend(System::over(&largest.home(bench).await?, bench, Needs::Log, many).await?);
    Ok(samples)
}

async fn work(bench: &Bench, gateway: SocketAddr, accounts: &Accounts) -> anyhow::Result<()> {
    let mut workers = Vec::new();
    for _ in 0..IN_FLIGHT {
        workers.push(commands::worker(gateway, accounts).await?);
    }
    closed_loop(workers, bench.pace).await;
    Ok(())
}

/// What each has, once it has nothing to do any more: memory that was needed is rarely given back.
async fn taken(when: &str, system: &System, processes: &Processes) -> anyhow::Result<Vec<Sample>> {
    let mut all = processes.ids()?;
    all.push(("nats-server", system.server_pid()));
    let mut samples = Vec::new();
    for (name, id) in all {
        at_rest(id).await?;
        let figure = Figure::new(format!("memory.{when}.{name}"), Unit::Mebibytes);
        samples.push(Sample::memory(figure, usage::of(id)?.resident_bytes));
    }
    Ok(samples)
}
