//! Waits until a server that was just started answers, and makes sure that it is that one.

use std::{fs, path::Path, time::Duration};

use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Where a server listens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub client: u16,
    pub monitor: u16,
}

/// The file that the server writes once it listens.
#[derive(Deserialize)]
struct PortsFile {
    nats: Vec<String>,
    monitoring: Vec<String>,
}

/// Comes back once the server `name`, process `pid`, serves clients and its streams are open.
pub(super) async fn until_ready(ports_dir: &Path, pid: u32, name: &str) -> Ports {
    let mut every = interval(Duration::from_millis(10));
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (started, mut told) = (Instant::now(), 0);
    loop {
        every.tick().await;
        if started.elapsed() / 10 > Duration::from_secs(told + 1) {
            told += 1;
            tracing::info!("nats-server is opening its store, for {} s so far", told * 10);
        }
        // Half a file does not parse, and is read again.
        if let Some(ports) = read_ports(ports_dir, pid)
            && answers(ports.client, name).await
        {
            return ports;
        }
    }
}

fn read_ports(ports_dir: &Path, pid: u32) -> Option<Ports> {
    let written_by = format!("_{pid}.ports");
    let file = fs::read_dir(ports_dir)
        .ok()?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().ends_with(&written_by))?;
    let ports: PortsFile = serde_json::from_slice(&fs::read(file.path()).ok()?).ok()?;
    Some(Ports { client: port_of(&ports.nats)?, monitor: port_of(&ports.monitoring)? })
}

fn port_of(urls: &[String]) -> Option<u16> {
    urls.first()?.rsplit_once(':')?.1.parse().ok()
}

/// A port that was free a moment ago may be another server's by now, so the name decides.
async fn answers(port: u16, name: &str) -> bool {
    match async_nats::connect(format!("127.0.0.1:{port}")).await {
        Ok(client) => {
            let info = client.server_info();
            info.server_name == name && info.jetstream
        }
        Err(_) => false,
    }
}
