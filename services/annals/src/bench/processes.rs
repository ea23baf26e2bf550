//! The services as processes of their own: of what is in one process nobody could tell whose it is.

use std::{
    env,
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::services::{Places, all_present};

/// The services, as their programs are called after `annals-`.
pub(crate) const SERVICES: [&str; 4] = ["gateway", "command", "projector", "reactor"];

/// How long the gateway may take until it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// Before it is tried again.
const AGAIN: Duration = Duration::from_millis(10);

/// Services that run. They are gone when this is dropped.
pub(crate) struct Processes {
    running: Vec<(&'static str, Child)>,
    /// Where the gateway listens.
    pub gateway: SocketAddr,
}

/// The folder in which the programs of all services lie, which is that of this program. None: they have not
/// been built.
pub(crate) fn folder() -> anyhow::Result<Option<PathBuf>> {
    let program = env::current_exe()?;
    let folder = program.parent().context("a program lies in a folder")?;
    let built = SERVICES.iter().all(|service| program_of(folder, service).is_file());
    Ok(built.then(|| folder.to_owned()))
}

fn program_of(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("annals-{service}{}", env::consts::EXE_SUFFIX))
}

impl Processes {
    /// Starts these services, and waits until they answer. What they log goes to a file.
    ///
    /// # Errors
    /// When one cannot be started.
    pub(crate) async fn start(
        folder: &Path,
        services: &[&'static str],
        places: &Places,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let gateway = free_address()?;
        let mut running = Vec::new();
        for service in services {
            let log = File::options().create(true).append(true).open(log)?;
            let mut command = Command::new(program_of(folder, service));
            // Each takes from it what it knows.
            command.env("ANNALS_NATS", &places.nats).env("ANNALS_LISTEN", gateway.to_string());
            command.env("ANNALS_VIEWS", &places.views).env("ANNALS_SNAPSHOTS", &places.snapshots);
            command.envs(places.nats_monitor.iter().map(|url| ("ANNALS_NATS_MONITOR", url)));
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
            running.push((*service, command.spawn().with_context(|| format!("annals-{service}"))?));
        }
        let on_the_bus = services.iter().filter(|service| **service != "gateway");
        let names: Vec<_> = on_the_bus.map(|service| format!("annals-{service}")).collect();
        all_present(&places.nats, &names).await?;
        let listens = async {
            while TcpStream::connect(gateway).await.is_err() {
                sleep(AGAIN).await;
            }
        };
        timeout(PATIENCE, listens).await.with_context(|| format!("nobody listens on {gateway}"))?;
        Ok(Self { running, gateway })
    }

    /// Each of them, and its process id.
    ///
    /// # Errors
    /// When one has ended.
    pub(crate) fn ids(&self) -> anyhow::Result<Vec<(&'static str, u32)>> {
        let id = |(service, child): &(&'static str, Child)| {
            Ok((*service, child.id().with_context(|| format!("annals-{service} has ended"))?))
        };
        self.running.iter().map(id).collect()
    }
}

/// An address where nobody listens. Somebody else may take it before the gateway does, which then ends.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
