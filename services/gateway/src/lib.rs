//! The gateway: HTTP in, NATS requests out. It has no database, and remembers nothing.

use std::net::SocketAddr;

use annals_chassis::{durability, metrics};
use annals_core::Catalog;
use annals_nats::Nats;
use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

mod accept;
mod admit;
mod asyncapi;
mod body;
mod catalog;
mod commands;
mod documents;
mod edge;
mod failure;
mod gateway;
mod headers;
mod health;
mod json;
mod limits;
mod log;
mod openapi;
mod pages;
mod problem;
mod query;
mod reactors;
mod router;
mod segments;
mod server;
mod status;
mod target;
mod values;
mod views;

pub use gateway::Gateway;
pub use limits::Limits;
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
    let gateway = Gateway::new(catalog, Limits::PRODUCTION, nats, durability, shutdown.clone());
    info!("listening on http://{}", listener.local_addr()?);
    server::serve(listener, router(gateway), Limits::PRODUCTION, shutdown).await;
    info!("stopped");
    Ok(())
}

#[cfg(test)]
mod fits;
#[cfg(test)]
mod lamp;
