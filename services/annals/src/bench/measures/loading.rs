//! One deposit to an account that has a long history: by a service that has just been started and has to
//! load it, and once it is known.

use std::time::Instant;

use anyhow::anyhow;

use crate::{
    bench::{
        Bench,
        kept::Kept,
        sample::{Figure, Sample, Unit},
        system::{Needs, System},
        workload::{Accounts, deposit},
    },
    services::{Services, all_present},
};

/// Of which each has that many events. They lie in turn with those of the others.
const ACCOUNTS: u64 = 4;

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let events_each = if bench.quick { 500 } else { 10_000 };
    let log = Kept { purpose: "load", accounts: ACCOUNTS, events_each };
    let measure = async |system: &System| twice(bench, system).await;
    System::over(&log.home(bench).await?, bench, Needs::Log, measure).await
}

/// The first deposit after a start, and the one after that.
async fn twice(bench: &Bench, system: &System) -> anyhow::Result<Vec<Sample>> {
    let services = Services::command(&system.places, &bench.catalog);
    all_present(&system.places.nats, &services.on_the_bus()).await?;
    let (bus, account) = (system.nats().await?.bus(), Accounts::seeded(ACCOUNTS).any());
    let mut samples = Vec::new();
    for name in ["load.cold", "load.warm"] {
        let begun = Instant::now();
        deposit(&bus, account).await.map_err(|failure| anyhow!("{failure:?}"))?;
        samples.push(Sample::time(Figure::new(name, Unit::Milliseconds), begun.elapsed()));
    }
    services.stop().await;
    Ok(samples)
}
