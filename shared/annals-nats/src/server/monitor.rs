//! What a nats-server says about itself over its monitoring endpoints.

use std::time::Duration;

use reqwest::Client;
use serde::Deserialize;
use thiserror::Error;

use super::{ServerVersion, UnknownVersion};

/// Whether what the server acknowledges is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It is: `sync_interval: always`.
    Always,
    /// It may be minutes until it is, and a power cut loses what is not.
    NotAlways,
    /// The server did not tell.
    Unknown,
}

/// What matters of a server's `/varz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    /// Whether what it acknowledges is on disk. Unknown where JetStream is switched off.
    pub durability: Durability,
    /// Which server it is.
    pub version: ServerVersion,
    /// The largest message that it takes, in bytes, headers included.
    pub max_payload: u64,
}

/// Why a server's vitals are not known.
#[derive(Debug, Error)]
pub enum MonitorError {
    /// Nobody answers there, or it is not a monitoring endpoint of nats-server.
    #[error("{url}/varz does not answer as a nats-server does: {reason}")]
    Http {
        /// The monitoring URL.
        url: String,
        /// What went wrong.
        reason: reqwest::Error,
    },
    /// It has a version that is not one.
    #[error(transparent)]
    Version(#[from] UnknownVersion),
}

/// As the server sends it, without what nobody here needs.
#[derive(Deserialize)]
struct Varz {
    version: String,
    max_payload: u64,
    jetstream: JetStream,
}

#[derive(Deserialize)]
struct JetStream {
    config: Option<JetStreamConfig>,
}

#[derive(Deserialize)]
struct JetStreamConfig {
    /// Left out when false. The field `sync_interval` beside it says two minutes either way.
    #[serde(default)]
    sync_always: bool,
}

/// Asks the server whose monitoring endpoint is `monitor_url` (`http://127.0.0.1:8222`).
pub async fn vitals(monitor_url: &str) -> Result<Vitals, MonitorError> {
    let url = monitor_url.trim_end_matches('/');
    let varz = varz(url).await.map_err(|reason| MonitorError::Http { url: url.to_owned(), reason })?;
    Ok(Vitals {
        durability: match varz.jetstream.config {
            Some(JetStreamConfig { sync_always: true }) => Durability::Always,
            Some(JetStreamConfig { sync_always: false }) => Durability::NotAlways,
            None => Durability::Unknown,
        },
        version: varz.version.parse()?,
        max_payload: varz.max_payload,
    })
}

async fn varz(url: &str) -> reqwest::Result<Varz> {
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    client.get(format!("{url}/varz")).send().await?.error_for_status()?.json().await
}
