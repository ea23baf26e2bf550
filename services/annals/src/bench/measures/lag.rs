//! From acknowledged to visible: how long it takes until a deposit is in the view `balances`, for
//! somebody who asks for it on the bus as soon as it is acknowledged.

use std::time::{Duration, Instant};

use annals_core::bus::{Query, ViewRequest};
use annals_nats::Bus;
use anyhow::anyhow;
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::bench::{
    Bench,
    caught_up::settled,
    load::{Pace, Tally, Window},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload::{Accounts, deposit},
};

/// Accounts that the deposits are spread over.
const ACCOUNTS: usize = 1000;

/// Between two deposits: 200 in a second.
const EVERY: Duration = Duration::from_millis(5);

/// How long the view may take until it counts as a failure, in milliseconds.
const PATIENCE_MS: u64 = 5_000;

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let bus = system.nats().await?.bus();
        let accounts = Accounts::open(&bus, ACCOUNTS).await?;
        settled(bench, system).await?;
        let tally = watch(&bus, &accounts, bench.pace).await;
        let figure = |name: &str| Figure::new(name, Unit::Milliseconds).within(["limit.visible"]);
        Ok(vec![tally.typical(figure("lag.p50"))?, tally.worst(figure("lag.p99"))?])
    };
    System::during(bench, Needs::Everything, measure).await
}

/// Deposits at a steady rate, whether or not those before have become visible. Each that begins within the
/// window counts, however long it takes: else the slowest would not.
async fn watch(bus: &Bus, accounts: &Accounts, pace: Pace) -> Tally {
    let window = Window::from_now(pace);
    let mut deposits = JoinSet::new();
    let mut due = interval(EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        let begun = due.tick().await.into_std();
        if !window.has_until(begun) {
            break; // those that were due are given, also if the machine was too busy for them in time
        }
        let (bus, account) = (bus.clone(), accounts.any());
        deposits.spawn(async move {
            let (took, outcome) = until_visible(&bus, account).await;
            let mut tally = Tally::new(window);
            if window.counts(begun) || outcome.is_err() {
                tally.count(took, outcome);
            }
            tally
        });
    }
    deposits.join_all().await.into_iter().fold(Tally::new(window), Tally::and)
}

/// How long it takes from its acknowledgement until a deposit is visible.
async fn until_visible(bus: &Bus, account: Uuid) -> (Duration, anyhow::Result<u64>) {
    let accepted = deposit(bus, account).await;
    let acknowledged = Instant::now();
    let seen = async {
        let position = accepted.map_err(|failure| anyhow!("{failure:?}"))?.position;
        let query = Query::Row { key: vec![account.to_string()] };
        let request = ViewRequest { query, min_position: Some(position), wait_ms: PATIENCE_MS };
        bus.view("balances", &request).await.map_err(|failure| anyhow!("{failure:?}"))?;
        Ok(1)
    };
    let seen = seen.await;
    (acknowledged.elapsed(), seen)
}
