//! Deposits to 1,000 accounts, with all services running: views and reactors follow as they can.

use std::net::SocketAddr;

use annals_nats::Bus;
use anyhow::anyhow;
use bytes::Bytes;

use crate::bench::{
    Bench,
    caught_up::settled,
    http::Connection,
    load::{Pace, Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload::{self, Accounts, deposit},
};

/// Accounts that the deposits are spread over.
const ACCOUNTS: usize = 1000;

/// How many deposits are on their way at the same time, and what limits them.
const IN_FLIGHT: [(usize, &str); 4] =
    [(1, "limit.publish.1"), (32, "limit.batch.128"), (128, "limit.batch.128"), (1024, "limit.batch.1000")];

/// Somebody on the bus.
pub(super) struct OnTheBus {
    /// The way to the command service.
    pub bus: Bus,
    /// Whom it gives commands to.
    pub accounts: Accounts,
}

impl Worker for OnTheBus {
    async fn once(&mut self) -> anyhow::Result<u64> {
        let reply = deposit(&self.bus, self.accounts.any()).await;
        reply.map(|_| 1).map_err(|failure| anyhow!("{failure:?}"))
    }
}

/// Somebody with a connection to the gateway.
pub(super) struct ThroughHttp {
    connection: Connection,
    accounts: Accounts,
}

impl Worker for ThroughHttp {
    async fn once(&mut self) -> anyhow::Result<u64> {
        let path = format!("/v1/commands/{}/{}/deposit", workload::CATEGORY, self.accounts.any());
        self.connection.post(&path, Bytes::from_static(workload::DEPOSIT.as_bytes())).await?;
        Ok(1)
    }
}

/// One system for all points of a round; before each of them views and reactors are done with those before.
pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let bus = system.nats().await?.bus();
        let accounts = Accounts::open(&bus, ACCOUNTS).await?;
        let mut samples = Vec::new();
        for (in_flight, limit) in IN_FLIGHT {
            settled(bench, system).await?;
            samples.push(over_the_bus(&bus, &accounts, bench.pace, in_flight, limit).await);
        }
        for (in_flight, _) in IN_FLIGHT {
            settled(bench, system).await?;
            samples.push(through_http(system.gateway, &accounts, bench.pace, in_flight).await?);
        }
        Ok(samples)
    };
    System::during(bench, Needs::Everything, measure).await
}

async fn over_the_bus(bus: &Bus, accounts: &Accounts, pace: Pace, in_flight: usize, limit: &str) -> Sample {
    let worker = || OnTheBus { bus: bus.clone(), accounts: accounts.clone() };
    let tally = closed_loop((0..in_flight).map(|_| worker()).collect(), pace).await;
    let figure = Figure::new(format!("commands.bus.{in_flight}"), Unit::PerSecond);
    tally.rate(figure.within([limit]))
}

async fn through_http(
    gateway: SocketAddr,
    accounts: &Accounts,
    pace: Pace,
    in_flight: usize,
) -> anyhow::Result<Sample> {
    let mut workers = Vec::new();
    for _ in 0..in_flight {
        workers.push(worker(gateway, accounts).await?);
    }
    let tally = closed_loop(workers, pace).await;
    let bus = format!("commands.bus.{in_flight}");
    let axum = if in_flight == 1 { "limit.http.1" } else { "limit.http.128" };
    let figure = Figure::new(format!("commands.http.{in_flight}"), Unit::PerSecond);
    Ok(tally.rate(figure.within([&bus, axum])))
}

/// Connects.
pub(super) async fn worker(gateway: SocketAddr, accounts: &Accounts) -> anyhow::Result<ThroughHttp> {
    Ok(ThroughHttp { connection: Connection::open(gateway).await?, accounts: accounts.clone() })
}
