//! Connections: so many, each for so long. `axum::serve` takes all that come, for ever.

mod connection;
mod refusal;
mod socket;

use axum::{Router, serve::Listener};
use metrics::{counter, gauge};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::limits::Limits;

/// Serves until `shutdown`, then answers what has come in.
pub async fn serve(mut listener: TcpListener, router: Router, limits: Limits, shutdown: CancellationToken) {
    let mut open = JoinSet::new();
    loop {
        gauge!("annals_http_connections").set(u32::try_from(open.len()).unwrap_or(u32::MAX));
        tokio::select! {
            (client, _) = Listener::accept(&mut listener) => {
                if open.len() < limits.connections {
                    open.spawn(connection::serve(client, router.clone(), limits, shutdown.clone()));
                } else {
                    counter!("annals_http_connections_refused_total").increment(1);
                }
            }
            Some(ended) = open.join_next() => {
                if let Err(defect) = ended {
                    error!("a connection ended in a defect: {defect}");
                }
            }
            () = shutdown.cancelled() => break,
        }
    }
    drop(listener);
    let drained = timeout(limits.drain, async { while open.join_next().await.is_some() {} });
    if drained.await.is_err() {
        warn!("some requests were cut off");
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
