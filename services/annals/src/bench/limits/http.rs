//! What axum does with requests that lead nowhere.

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::bench::{
    Bench,
    http::Connection,
    load::{Worker, closed_loop},
    sample::{Figure, Sample, Unit},
    workload,
};

/// One request after the other.
struct Client(Connection);

impl Worker for Client {
    async fn once(&mut self) -> anyhow::Result<u64> {
        self.0.post("/", Bytes::from_static(workload::DEPOSIT.as_bytes())).await?;
        Ok(1)
    }
}

/// Requests per second, one at a time and 128 at a time, by the same client that gives commands.
pub(super) async fn requests(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = annals_gateway::bare::serve(listener, CancellationToken::new());
    let _server = AbortOnDropHandle::new(tokio::spawn(server));
    let mut samples = Vec::new();
    for in_flight in [1, 128] {
        let mut clients = Vec::new();
        for _ in 0..in_flight {
            clients.push(Client(Connection::open(address).await?));
        }
        let tally = closed_loop(clients, bench.pace).await;
        samples.push(tally.rate(Figure::new(format!("limit.http.{in_flight}"), Unit::PerSecond)));
    }
    Ok(samples)
}
