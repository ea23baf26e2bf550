//! Whether the whole system can serve, for whoever watches it.

use std::collections::BTreeMap;

use annals_chassis::health::Readiness;
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::{gateway::Gateway, views::list::degraded};

/// What must be there, and what it is called on the bus.
const SERVICES: [(&str, &str); 3] =
    [("command", "annals-command"), ("projector", "annals-projector"), ("reactor", "annals-reactor")];

/// `GET /livez`: this process can answer.
pub async fn live() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// `GET /readyz`: all services are there. A degraded view makes nothing unready: the others serve.
pub async fn ready(State(gateway): State<Gateway>) -> Response {
    let (services, degraded) = join(services(&gateway), degraded(&gateway)).await;
    let ready = services.values().all(|there| *there);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let readiness = Readiness { ready, durable: gateway.durable(), degraded, services };
    (status, Json(readiness)).into_response()
}

async fn services(gateway: &Gateway) -> BTreeMap<&'static str, bool> {
    let bus = gateway.bus().ok();
    let asked = SERVICES.map(async |(service, name)| match bus {
        Some(bus) => (service, bus.present(name).await),
        None => (service, false),
    });
    join_all(asked).await.into_iter().collect()
}

/// `GET /metrics`, for Prometheus.
pub async fn metrics() -> String {
    annals_chassis::metrics::render()
}
