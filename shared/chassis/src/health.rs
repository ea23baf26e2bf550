//! Says how a service is: `/livez`, `/readyz`, `/metrics`, on a port of its own.

use std::{collections::BTreeMap, io, net::SocketAddr, sync::Arc};

use annals_nats::{Nats, server::monitor::Durability};
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use serde::Serialize;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{config::NatsArgs, durability, metrics};

/// Whether a service can do its work.
#[derive(Debug, Clone, Serialize)]
pub struct Readiness {
    /// 200 or 503.
    pub ready: bool,
    /// Whether acknowledged means on disk: `true`, `false` or `"unknown"`.
    pub durable: Durable,
    /// What works in part only.
    pub degraded: Vec<String>,
    /// What it depends on, and whether that is there.
    pub services: BTreeMap<&'static str, bool>,
}

/// Whether acknowledged means on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Durable {
    /// The server says so.
    Known(bool),
    /// It does not say.
    Unknown(&'static str),
}

impl From<Durability> for Durable {
    fn from(durability: Durability) -> Self {
        match durability {
            Durability::Always => Self::Known(true),
            Durability::NotAlways => Self::Known(false),
            Durability::Unknown => Self::Unknown("unknown"),
        }
    }
}

/// What degrades a service, if anything does.
pub type Degraded = Arc<dyn Fn() -> Vec<String> + Send + Sync>;

#[derive(Clone)]
struct Service {
    nats: Nats,
    durability: watch::Receiver<Durability>,
    degraded: Degraded,
}

/// Watches over the server, and answers at `address` until `shutdown`; nowhere if there is none.
///
/// # Errors
/// When the address is taken.
pub async fn spawn(
    address: Option<SocketAddr>,
    args: &NatsArgs,
    nats: &Nats,
    degraded: Degraded,
    shutdown: &CancellationToken,
) -> io::Result<Option<JoinHandle<()>>> {
    let durability = durability::watch(args.nats_monitor.clone(), shutdown.clone());
    let Some(address) = address else { return Ok(None) };
    metrics::install();
    let listener = TcpListener::bind(address).await?;
    info!("health on http://{}/readyz", listener.local_addr()?);
    let router = router(Service { nats: nats.clone(), durability, degraded });
    let stop = shutdown.clone().cancelled_owned();
    Ok(Some(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
            warn!("the health endpoint has ended: {error}");
        }
    })))
}

fn router(service: Service) -> Router {
    Router::new()
        .route("/livez", get(async || Json(serde_json::json!({ "status": "alive" }))))
        .route("/readyz", get(readyz))
        .route("/metrics", get(async || metrics::render()))
        .with_state(service)
}

async fn readyz(State(service): State<Service>) -> impl IntoResponse {
    let ready = service.nats.is_connected();
    let readiness = Readiness {
        ready,
        durable: (*service.durability.borrow()).into(),
        degraded: (service.degraded)(),
        services: BTreeMap::from([("nats", ready)]),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}
