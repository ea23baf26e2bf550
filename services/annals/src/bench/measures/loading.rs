//! One deposit to an account that has a long history: to a service that has just been started, and so has to
//! load it, without a snapshot and with one; and one more.

use std::{
    path::Path,
    process,
    sync::Arc,
    time::{Duration, Instant},
};

use annals_command::{Executor, Snapshots};
use annals_core::{Catalog, bus::CommandRequest};
use annals_nats::Nats;
use anyhow::{Context, anyhow};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    bench::{
        Bench,
        kept::Kept,
        sample::{Figure, Sample, Unit},
        seed,
        statistics::Summary,
        system::{Needs, System},
        usage::at_rest,
        workload::deposit,
    },
    services::{Places, Services},
};

/// Accounts that are loaded.
const ACCOUNTS: u64 = 4;

/// Of which each has that many events, which lie in turn with those of the others. So many wait together for
/// the disk while the log is filled, and fewer would wait one by one.
const SEEDED: u64 = 16;

/// The first deposit to an account after a start, and the one after that.
struct Deposits {
    first: Duration,
    second: Duration,
}

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let events_each = if bench.quick { 500 } else { 10_000 };
    let log = Kept { purpose: "load", accounts: SEEDED, events_each };
    let measure = async |system: &System| {
        let (mut folded, mut from_snapshot) = (Vec::new(), Vec::new());
        for number in 0..ACCOUNTS {
            let snapshots = bench.directory.fresh()?;
            folded.push(deposits(bench, system, snapshots.path(), seed::id(number)).await?);
            // As it stopped, the service has written a snapshot of this account.
            from_snapshot.push(deposits(bench, system, snapshots.path(), seed::id(number)).await?);
        }
        let figure = |name| Figure::new(name, Unit::Milliseconds);
        let beside = |name| figure(name).within(["load.cold"]);
        Ok(vec![
            typical(figure("load.cold"), &folded, |it| it.first)?,
            typical(beside("load.snapshot"), &from_snapshot, |it| it.first)?,
            typical(beside("load.warm"), &from_snapshot, |it| it.second)?,
        ])
    };
    System::over(log.copy(bench).await?.path(), bench, Needs::Log, measure).await
}

async fn deposits(
    bench: &Bench,
    system: &System,
    snapshots: &Path,
    account: Uuid,
) -> anyhow::Result<Deposits> {
    let places = Places { snapshots: snapshots.to_owned(), ..system.places.clone() };
    let services = Services::one("command", |stop| serve(places, bench.catalog.clone(), stop));
    let bus = system.nats().await?.bus();
    let timed = async || {
        let begun = Instant::now();
        deposit(&bus, account).await.map_err(|failure| anyhow!("{failure:?}"))?;
        anyhow::Ok(begun.elapsed())
    };
    let both = async {
        let first = timed().await?;
        at_rest(process::id()).await?; // a snapshot may be written
        Ok(Deposits { first, second: timed().await? })
    };
    Box::pin(system.with(bench, services, both)).await
}

/// Carries out commands as the service does, but for the pass over the log by which that fills its memory at
/// its start: whatever that has folded already is not loaded, and it takes the same cores.
async fn serve(places: Places, catalog: Catalog, stop: CancellationToken) -> anyhow::Result<()> {
    let nats = Nats::connect(&places.nats, "annals-command").await?;
    let (snapshots, writer) = Snapshots::open(&places.snapshots).await.context("there are no snapshots")?;
    let written = CancellationToken::new();
    let writer = tokio::spawn(writer.write(written.clone()));
    let executor = Arc::new(Executor::new(nats.log(), catalog).with_snapshots(Some(snapshots)));
    let execute = move |_, request: CommandRequest| {
        let executor = executor.clone();
        async move { executor.execute(request).await }
    };
    nats.serve("annals-command").await?.commands().await?.run(execute, stop).await;
    written.cancel(); // what has been offered is written
    Ok(writer.await?)
}

fn typical(figure: Figure, all: &[Deposits], which: fn(&Deposits) -> Duration) -> anyhow::Result<Sample> {
    let seconds = Summary::of(all.iter().map(|it| which(it).as_secs_f64())).context("there are accounts")?;
    Ok(Sample::time(figure, Duration::from_secs_f64(seconds.median)))
}
