//! The gateway: HTTP in, NATS requests out. It has no database, and remembers nothing.

use std::{net::SocketAddr, time::Duration};

use annals_chassis::{durability, metrics};
use annals_core::Catalog;
use annals_nats::Nats;
use anyhow::Context;
use axum::serve::ListenerExt;
use tokio::{net::TcpListener, time::sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

mod accept;
mod body;
mod commands;
mod edge;
mod failure;
mod gateway;
mod headers;
mod health;
mod json;
mod log;
mod problem;
mod query;
mod router;
mod segments;
mod values;
mod views;

pub use gateway::Gateway;
pub use router::router;

/// What the service has to be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where NATS is.
    pub nats: String,
    /// Where its monitoring is, to see whether acknowledged means on disk.
    pub nats_monitor: Option<String>,
}

/// How long requests that have come in may take once the service is to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Listens, and serves until `shutdown`.
///
/// # Errors
/// When it cannot listen there, or the address of NATS is none.
pub async fn run(config: Config, catalog: Catalog, shutdown: CancellationToken) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", config.listen))?;
    serve(listener, config, catalog, shutdown).await
}

/// Serves until `shutdown`, then answers what has come in.
///
/// # Errors
/// When the address of NATS is none.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    catalog: Catalog,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let nats = Nats::connect(&config.nats, "annals-gateway").await?;
    metrics::install();
    let durability = durability::watch(config.nats_monitor, shutdown.clone());
    let gateway = Gateway::new(catalog, nats, durability);
    info!("listening on http://{}", listener.local_addr()?);

    // Answers are small and written at once: nothing is gained by waiting for more of them.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            warn!(%error, "answers may be late");
        }
    });
    let server =
        axum::serve(listener, router(gateway)).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tokio::select! {
        ended = async { server.await } => ended?,
        () = async { shutdown.cancelled().await; sleep(DRAIN).await } => warn!("some requests were cut off"),
    }
    info!("stopped");
    Ok(())
}

#[cfg(test)]
mod lamp;
#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
