//! What searches cost those who give commands: deposits beside clients that look for a correlation id that there is
//! not, in a log of a million events.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use annals_nats::Bus;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::bench::{
    Bench,
    caught_up::settled,
    http::Connection,
    kept,
    load::Tally,
    sample::{Figure, Sample, Unit},
    steady::steady,
    system::{Needs, System},
    workload::{Accounts, deposit},
};

/// Between two deposits: 200 in a second.
const DEPOSIT_EVERY: Duration = Duration::from_millis(5);

/// Clients that search, each once a second.
const SEARCHERS: u32 = 60;

pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let log = kept::million(bench);
    let accounts = Accounts::seeded(log.accounts);
    let measure = async |system: &System| {
        settled(bench, system).await?;
        let bus = system.nats().await?.bus();
        let figure = |name: &str| Figure::new(name, Unit::Milliseconds);
        let without = deposits(bench, &bus, &accounts).await;
        let (with, searches) =
            tokio::try_join!(async { Ok(deposits(bench, &bus, &accounts).await) }, searches(bench, system))?;
        Ok(vec![
            without.worst(figure("search.without.p99"))?,
            with.worst(figure("search.p99").within(["search.without.p99"]))?,
            searches.worst(figure("search.answer.p99"))?,
        ])
    };
    System::over(log.stopped(bench).await?.path(), bench, Needs::Everything, measure).await
}

/// From when each was due until it is acknowledged.
async fn deposits(bench: &Bench, bus: &Bus, accounts: &Accounts) -> Tally {
    let once = |due: Instant| {
        let (bus, account) = (bus.clone(), accounts.any());
        async move {
            let deposited = deposit(&bus, account).await;
            (due.elapsed(), deposited.map(|_| 1))
        }
    };
    steady(DEPOSIT_EVERY, bench.pace, once).await
}

/// The clients take turns, so that the searches are spread over the second.
async fn searches(bench: &Bench, system: &System) -> anyhow::Result<Tally> {
    let mut clients = Vec::new();
    for _ in 0..SEARCHERS {
        clients.push(Arc::new(Mutex::new(Connection::open(system.gateway).await?)));
    }
    let turns = AtomicUsize::new(0);
    let once = |due: Instant| {
        let turn = turns.fetch_add(1, Ordering::Relaxed);
        let client = clients[turn % clients.len()].clone();
        async move {
            let path = format!("/v1/events?correlation_id={}", Uuid::now_v7());
            let found = client.lock().await.get(&path).await;
            (due.elapsed(), found.map(|()| 1))
        }
    };
    Ok(steady(Duration::from_secs(1) / SEARCHERS, bench.pace, once).await)
}
