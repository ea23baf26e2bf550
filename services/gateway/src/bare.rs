//! axum with nothing of ours on top of it. `annals bench` measures it beside the gateway, which cannot be
//! faster; nothing else has a use for it.

use axum::{Json, Router, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Reads JSON and answers with JSON, until `shutdown`.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
    let router = Router::new().route("/", post(answer));
    Ok(axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await?)
}

async fn answer(Json(body): Json<Value>) -> Json<Value> {
    Json(json!({ "read": body, "version": 1 }))
}
