//! Says how a service is: `/livez`, `/readyz`, `/metrics`, on a port of its own.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use annals_nats::{Nats, server::monitor::Durability};
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use serde::Serialize;
use tokio::{net::TcpListener, sync::watch};
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

/// What a service says of itself.
pub trait Condition: Send + Sync + 'static {
    /// Whether it can do anything of what it is there for. If not, it is not ready.
    fn serves(&self) -> bool;

    /// What works in part only.
    fn degraded(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The condition of a service that can do nothing until it has begun, and then everything.
#[derive(Debug, Default)]
pub struct Begun(AtomicBool);

impl Begun {
    /// From now on it serves.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Condition for Begun {
    fn serves(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Clone)]
struct Service {
    nats: Nats,
    durability: watch::Receiver<Durability>,
    condition: Arc<dyn Condition>,
}

/// Watches over the server, and answers at `address` until `shutdown`; nowhere if there is none.
/// Says where it answers.
///
/// # Errors
/// When the address is taken.
pub async fn spawn(
    address: Option<SocketAddr>,
    args: &NatsArgs,
    nats: &Nats,
    condition: Arc<dyn Condition>,
    shutdown: &CancellationToken,
) -> io::Result<Option<SocketAddr>> {
    let durability = durability::watch(args.nats_monitor.clone(), shutdown.clone());
    let Some(address) = address else { return Ok(None) };
    metrics::install();
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    info!("health on http://{address}/readyz");
    let router = router(Service { nats: nats.clone(), durability, condition });
    let stop = shutdown.clone().cancelled_owned();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
            warn!("the health endpoint has ended: {error}");
        }
    });
    Ok(Some(address))
}

fn router(service: Service) -> Router {
    Router::new()
        .route("/livez", get(async || Json(serde_json::json!({ "status": "alive" }))))
        .route("/readyz", get(readyz))
        .route("/metrics", get(async || metrics::render()))
        .with_state(service)
}

async fn readyz(State(service): State<Service>) -> impl IntoResponse {
    let connected = service.nats.is_connected();
    let ready = connected && service.condition.serves();
    let readiness = Readiness {
        ready,
        durable: (*service.durability.borrow()).into(),
        degraded: service.condition.degraded(),
        services: BTreeMap::from([("nats", connected)]),
    };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness))
}
