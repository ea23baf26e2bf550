//! One deposit to an account that has a long history: to a service that has just been started, and so has to
//! load it, without a snapshot and with one; and one more.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use uuid::Uuid;

use crate::{
    bench::{
        Bench,
        kept::Kept,
        sample::{Figure, Sample, Unit},
        seed,
        statistics::Summary,
        system::{Needs, System},
        workload::deposit,
    },
    services::{Places, Services, all_present},
};

/// Of which each has that many events. They lie in turn with those of the others.
const ACCOUNTS: u64 = 4;

/// The first deposit to an account after a start, and the one after that.
struct Deposits {
    first: Duration,
    second: Duration,
}

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let events_each = if bench.quick { 500 } else { 10_000 };
    let log = Kept { purpose: "load", accounts: ACCOUNTS, events_each };
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
    System::over(&log.home(bench).await?, bench, Needs::Log, measure).await
}

async fn deposits(
    bench: &Bench,
    system: &System,
    snapshots: &Path,
    account: Uuid,
) -> anyhow::Result<Deposits> {
    let places = Places { snapshots: snapshots.to_owned(), ..system.places.clone() };
    let services = Services::command(&places, &bench.catalog);
    all_present(&places.nats, &services.on_the_bus()).await?;
    let bus = system.nats().await?.bus();
    let timed = async || {
        let begun = Instant::now();
        deposit(&bus, account).await.map_err(|failure| anyhow!("{failure:?}"))?;
        anyhow::Ok(begun.elapsed())
    };
    let (first, second) = (timed().await?, timed().await?);
    services.stop().await;
    Ok(Deposits { first, second })
}

fn typical(figure: Figure, all: &[Deposits], which: fn(&Deposits) -> Duration) -> anyhow::Result<Sample> {
    let seconds = Summary::of(all.iter().map(|it| which(it).as_secs_f64())).context("there are accounts")?;
    Ok(Sample::time(figure, Duration::from_secs_f64(seconds.median)))
}
