//! What was measured, and on what.

use std::{env, process::Command};

use annals_nats::server::monitor::{Durability, vitals};
use serde::{Deserialize, Serialize};
use sysinfo::System;

use super::{built::changed_since, directory::Directory};

/// Without it no figure means anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The version of Annals.
    pub annals: String,
    /// The commit of the sources that this program was built from; with `-dirty` if there is more than was
    /// committed. Unknown if they are not there any more, or are not those.
    pub commit: String,
    /// `release`, or `debug`, which is not worth reporting.
    pub build: String,
    /// The version of nats-server.
    pub nats_server: String,
    /// The server's own word on whether what it acknowledges is on disk: `always` is what it should say.
    pub sync_interval: String,
    /// Threads that run at the same time.
    pub cores: usize,
    /// The processor's own name.
    pub cpu: String,
    /// What there is of it, in MiB.
    pub memory_mib: u64,
    /// The operating system's.
    pub kernel: String,
    /// Under the data.
    pub file_system: String,
    /// Under the file system.
    pub device: String,
}

impl Machine {
    /// Looks around. `monitor_url` is that of the server that is measured.
    pub(crate) async fn look_around(directory: &Directory, monitor_url: &str) -> anyhow::Result<Self> {
        let server = vitals(monitor_url).await?;
        let mut system = System::new()?;
        system.refresh_memory();
        system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
        let cpu = system.cpus().first().map_or_else(unknown, |cpu| cpu.brand().to_owned());
        Ok(Self {
            annals: env!("CARGO_PKG_VERSION").into(),
            commit: commit().unwrap_or_else(unknown),
            build: if cfg!(debug_assertions) { "debug" } else { "release" }.into(),
            nats_server: server.version.to_string(),
            sync_interval: match server.durability {
                Durability::Always => "always",
                Durability::NotAlways => "not always",
                Durability::Unknown => "unknown",
            }
            .into(),
            cores: std::thread::available_parallelism()?.get(),
            cpu,
            memory_mib: system.total_memory() / 1024 / 1024,
            kernel: System::kernel_long_version()?,
            file_system: directory.file_system.clone(),
            device: directory.device.clone(),
        })
    }
}

fn commit() -> Option<String> {
    if changed_since(&env::current_exe().ok()?)? {
        return Some("unknown: its sources have changed since it was built".into());
    }
    let mut git = Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty", "--abbrev=12"]);
    let git = git.output().ok()?;
    let commit = String::from_utf8(git.stdout).ok()?.trim().to_owned();
    (git.status.success() && !commit.is_empty()).then_some(commit)
}

fn unknown() -> String {
    "unknown".into()
}
