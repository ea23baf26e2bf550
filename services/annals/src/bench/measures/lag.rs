//! From acknowledged to visible: how long it takes until a deposit is in the view `balances`, for a client that
//! asks for it on the bus as soon as it is acknowledged. And how far whatever follows the log is behind under load.

use std::time::{Duration, Instant};

use annals_core::bus::{Query, ViewRequest};
use annals_nats::Bus;
use anyhow::anyhow;
use uuid::Uuid;

use super::behind;
use crate::bench::{
    Bench,
    caught_up::settled,
    sample::{Figure, Sample, Unit},
    steady::steady,
    system::{Needs, System},
    workload::{ACCOUNTS, Accounts, deposit},
};

/// Between two deposits: 200 in a second.
const DEPOSIT_EVERY: Duration = Duration::from_millis(5);

/// How long the view may take until it counts as a failure, in milliseconds.
const WAIT_MS: u64 = 5_000;

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let bus = system.nats().await?.bus();
        let accounts = Accounts::open(&bus, ACCOUNTS).await?;
        settled(bench, system).await?;
        let visible = |_| until_visible(bus.clone(), accounts.any());
        let tally = steady(DEPOSIT_EVERY, bench.pace, visible).await;
        let figure = |name: &str| Figure::new(name, Unit::Milliseconds).within(["limit.visible"]);
        let mut samples = vec![tally.typical(figure("lag.p50"))?, tally.worst(figure("lag.p99"))?];
        settled(bench, system).await?;
        samples.extend(behind::under_load(bench, &bus, &accounts).await?);
        Ok(samples)
    };
    System::during(bench, Needs::Everything, measure).await
}

/// How long it takes from its acknowledgement until a deposit is visible.
async fn until_visible(bus: Bus, account: Uuid) -> (Duration, anyhow::Result<u64>) {
    let accepted = deposit(&bus, account).await;
    let acknowledged = Instant::now();
    let seen = async {
        let query = Query::Row { key: vec![account.to_string()] };
        let request = ViewRequest { query, min_position: Some(accepted?.position), wait_ms: WAIT_MS };
        bus.view("balances", &request).await.map_err(|failure| anyhow!("{failure:?}"))?;
        Ok(1)
    };
    let seen = seen.await;
    (acknowledged.elapsed(), seen)
}
