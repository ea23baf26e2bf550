//! Deposits to 1,000 accounts, and to one, with all services running: views and reactors follow as they can.

use std::net::SocketAddr;

use annals_nats::Bus;
use bytes::Bytes;

use crate::bench::{
    Bench,
    caught_up::settled,
    http::Connection,
    load::{Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    system::{Needs, System},
    workload::{ACCOUNTS, Accounts, CATEGORY, Commands, DEPOSIT, Depositor},
};

use super::mixed;

/// How many deposits are on their way at the same time.
const IN_FLIGHT: [usize; 4] = [1, 32, 128, 1024];

/// A client with a connection to the gateway.
pub(super) struct HttpClient {
    connection: Connection,
    accounts: Accounts,
}

impl HttpClient {
    /// Connects.
    pub(super) async fn connect(gateway: SocketAddr, accounts: &Accounts) -> anyhow::Result<Self> {
        Ok(Self { connection: Connection::open(gateway).await?, accounts: accounts.clone() })
    }
}

impl Worker for HttpClient {
    async fn once(&mut self) -> anyhow::Result<u64> {
        let path = format!("/v1/commands/{CATEGORY}/{}/deposit", self.accounts.any());
        self.connection.post(&path, Bytes::from_static(DEPOSIT.as_bytes())).await?;
        Ok(1)
    }
}

/// One system for all points of a round; before each of them views and reactors are done with those before.
pub(super) async fn round(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let bus = system.nats().await?.bus();
        let accounts = Accounts::open(&bus, ACCOUNTS).await?;
        let mut samples = Vec::new();
        for in_flight in IN_FLIGHT {
            settled(bench, system).await?;
            samples.push(point(bench, "bus", in_flight, &bus, &accounts).await);
        }
        for in_flight in IN_FLIGHT {
            settled(bench, system).await?;
            samples.push(through_http(bench, system.gateway, &accounts, in_flight).await?);
        }
        for in_flight in IN_FLIGHT {
            settled(bench, system).await?;
            samples.push(point(bench, "hot", in_flight, &bus, &accounts.one()).await);
        }
        samples.extend(mixed(bench, system, &bus, &accounts).await?);
        Ok(samples)
    };
    System::during(bench, Needs::Everything, measure).await
}

/// The same for a writer that is called in the process, with nothing that follows: as peers are called.
pub(super) async fn in_process(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let measure = async |system: &System| {
        let points = async |writer: &_| {
            let accounts = Accounts::open(writer, ACCOUNTS).await?;
            let mut samples = Vec::new();
            for in_flight in IN_FLIGHT {
                samples.push(point(bench, "local", in_flight, writer, &accounts).await);
            }
            samples.push(point(bench, "local-hot", 128, writer, &accounts.one()).await);
            Ok(samples)
        };
        Box::pin(system.with_writer(bench, &system.memory(), points)).await
    };
    System::during(bench, Needs::Log, measure).await
}

async fn point(
    bench: &Bench,
    way: &str,
    in_flight: usize,
    commands: &impl Commands,
    accounts: &Accounts,
) -> Sample {
    let depositors = Depositor::crowd(in_flight, commands, accounts);
    closed_loop(depositors, bench.pace).await.rate(figure(way, in_flight))
}

/// While one entry is on its way, half of what is in flight gathers for the next one.
fn figure(way: &str, in_flight: usize) -> Figure {
    let limit = match in_flight {
        1 => "limit.entry.1",
        32 => "limit.entry.16",
        128 => "limit.entry.64",
        _ => "limit.entry.256",
    };
    Figure::new(format!("commands.{way}.{in_flight}"), Unit::PerSecond).within([limit])
}

async fn through_http(
    bench: &Bench,
    gateway: SocketAddr,
    accounts: &Accounts,
    in_flight: usize,
) -> anyhow::Result<Sample> {
    let mut clients = Vec::new();
    for _ in 0..in_flight {
        clients.push(HttpClient::connect(gateway, accounts).await?);
    }
    let figure = Figure::new(format!("commands.http.{in_flight}"), Unit::PerSecond);
    let bus = format!("commands.bus.{in_flight}");
    Ok(closed_loop(clients, bench.pace).await.rate(figure.within([&bus])))
}

/// Transfers and todos.
async fn mixed(
    bench: &Bench,
    system: &System,
    bus: &Bus,
    accounts: &Accounts,
) -> anyhow::Result<Vec<Sample>> {
    mixed::fund(bus, accounts).await?;
    let mut samples = Vec::new();
    for in_flight in mixed::IN_FLIGHT {
        settled(bench, system).await?;
        let clients = mixed::clients(in_flight, bus, accounts);
        samples.push(closed_loop(clients, bench.pace).await.rate(figure("mixed", in_flight)));
    }
    Ok(samples)
}
