//! Asks a running service whether it is ready: the health check that needs nothing but the binary.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use thiserror::Error;

/// How long the answer may take. A service that needs longer is not well.
const PATIENCE: Duration = Duration::from_secs(3);

/// Why a service does not count as ready, in a sentence for whoever looks at a health check's output.
#[derive(Debug, Error)]
pub enum NotReady {
    /// There is nothing to ask.
    #[error("the service says nowhere how it is, so please set --health or ANNALS_HEALTH")]
    Nowhere,
    /// Nobody answers there, or not in time.
    #[error("nobody says at http://{address}/readyz how the service is")]
    Silent {
        /// Where it was asked.
        address: SocketAddr,
    },
    /// It answers that it is not.
    #[error("the service is not ready ({status}): {body}")]
    Said {
        /// 503, if it is one of ours.
        status: StatusCode,
        /// What it says about it.
        body: String,
    },
}

/// Asks the service that listens on `address`, which is what it was told itself: a service that
/// listens everywhere is asked on loopback.
///
/// # Errors
/// When it is not ready, or does not say so.
pub async fn ready(address: impl Into<Option<SocketAddr>>) -> Result<(), NotReady> {
    let address = reachable(address.into().ok_or(NotReady::Nowhere)?);
    let (status, body) = ask(address).await.map_err(|_| NotReady::Silent { address })?;
    if status.is_success() { Ok(()) } else { Err(NotReady::Said { status, body }) }
}

async fn ask(address: SocketAddr) -> reqwest::Result<(StatusCode, String)> {
    let client = Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(format!("http://{address}/readyz")).send().await?;
    Ok((answer.status(), answer.text().await?))
}

fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}
