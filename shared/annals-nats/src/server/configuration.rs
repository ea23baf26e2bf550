//! How nats-server is run here.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::json;

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Everything that the server keeps: its streams, its configuration and its log (`nats.log`).
    pub store_dir: PathBuf,
    /// The port that clients connect to. None: the system chooses one.
    pub port: Option<u16>,
    /// The port of the monitoring endpoints. None: the system chooses one.
    pub monitor_port: Option<u16>,
}

impl Options {
    /// A server that keeps its data in `store_dir`, on ports that the system chooses.
    pub fn new(store_dir: impl Into<PathBuf>) -> Self {
        Self { store_dir: store_dir.into(), port: None, monitor_port: None }
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.store_dir.join("nats.log")
    }

    /// Where the server writes which ports it has.
    pub(super) fn ports_dir(&self) -> PathBuf {
        self.store_dir.join("ports")
    }

    /// Makes the directories and writes the configuration of a server that calls itself `name`.
    pub(super) fn write(&self, name: &str) -> io::Result<PathBuf> {
        let store_dir = std::path::absolute(&self.store_dir)?;
        let ports_dir = self.ports_dir();
        if ports_dir.exists() {
            fs::remove_dir_all(&ports_dir)?; // of a server that was killed
        }
        fs::create_dir_all(&ports_dir)?;

        // The server's own format includes JSON, and JSON knows how to quote a path.
        let configuration = json!({
            "server_name": name,
            "listen": loopback(self.port),
            "http": loopback(self.monitor_port),
            "ports_file_dir": text(&store_dir.join("ports"))?,
            "max_payload": 1024 * 1024,
            // The default acknowledges up to two minutes before the disk has it.
            "jetstream": { "store_dir": text(&store_dir)?, "sync_interval": "always" },
        });
        let file = self.store_dir.join("nats.conf");
        fs::write(&file, format!("{configuration:#}\n"))?;
        Ok(file)
    }
}

/// Nobody outside of this machine is let in: there is no password.
fn loopback(port: Option<u16>) -> String {
    format!("127.0.0.1:{}", port.map_or_else(|| "-1".to_owned(), |port| port.to_string()))
}

fn text(path: &Path) -> io::Result<&str> {
    path.to_str().ok_or_else(|| io::Error::other(format!("{} is not UTF-8", path.display())))
}
