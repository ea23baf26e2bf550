//! The services as processes of their own: of what is in one process nobody could tell whose it is.

use std::{
    env,
    fs::File,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use annals_nats::server::last_lines;
use anyhow::{Context, anyhow};
use futures_util::future::select_all;
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::{built::changed_since, system::present};
use crate::services::Places;

/// The services, as their programs are called after `annals-`.
pub(crate) const SERVICES: [&str; 4] = ["gateway", "command", "projector", "reactor"];

/// How long the gateway may take until it listens.
const PATIENCE: Duration = Duration::from_secs(10);

/// Before it is tried again.
const AGAIN: Duration = Duration::from_millis(10);

/// Services that run. They are gone when this is dropped.
pub(crate) struct Processes {
    running: Vec<(&'static str, Child)>,
    /// What they log.
    log: PathBuf,
    /// Where the gateway listens.
    pub gateway: SocketAddr,
}

/// The folder in which the programs of all services lie, which is that of this program. None: they have not
/// been built, or their sources have changed since.
pub(crate) fn folder() -> anyhow::Result<Option<PathBuf>> {
    let program = env::current_exe()?;
    let folder = program.parent().context("a program lies in a folder")?;
    let as_it_is = |program: PathBuf| program.is_file() && changed_since(&program) != Some(true);
    let built = SERVICES.iter().all(|service| as_it_is(program_of(folder, service)));
    Ok(built.then(|| folder.to_owned()))
}

fn program_of(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("annals-{service}{}", env::consts::EXE_SUFFIX))
}

impl Processes {
    /// Starts these services, and waits until they answer. What they log goes to a file.
    ///
    /// # Errors
    /// When one cannot be started, ends at once, or does not answer.
    pub(crate) async fn start(
        folder: &Path,
        services: &[&'static str],
        places: &Places,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let gateway = free_address()?;
        let mut running = Vec::new();
        for service in services {
            let output = File::options().create(true).append(true).open(log)?;
            let mut command = Command::new(program_of(folder, service));
            // Each takes from it what it knows.
            command.env("ANNALS_NATS", &places.nats).env("ANNALS_LISTEN", gateway.to_string());
            command.env("ANNALS_VIEWS", &places.views).env("ANNALS_STATE", &places.state);
            command.envs(places.nats_monitor.iter().map(|url| ("ANNALS_NATS_MONITOR", url)));
            command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).kill_on_drop(true);
            running.push((*service, command.spawn().with_context(|| format!("annals-{service}"))?));
        }
        let on_the_bus = services.iter().filter(|service| **service != "gateway");
        let names: Vec<_> = on_the_bus.map(|service| format!("annals-{service}")).collect();
        let mut started = Self { running, log: log.to_owned(), gateway };
        let ready = async {
            present(&places.nats, &names, log).await?;
            timeout(PATIENCE, listens(gateway)).await.with_context(|| format!("nobody listens on {gateway}"))
        };
        started.beside(ready).await?;
        Ok(started)
    }

    /// Does this, unless one of them ends meanwhile.
    ///
    /// # Errors
    /// When that fails, or one ends.
    pub(crate) async fn beside<T>(
        &mut self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        tokio::select! { worked = work => worked, failure = self.failure() => Err(failure) }
    }

    async fn failure(&mut self) -> anyhow::Error {
        let ends = self.running.iter_mut().map(|(_, child)| Box::pin(child.wait()));
        let (ended, index, _) = select_all(ends).await;
        let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        anyhow!(
            "annals-{} ended ({how}); the log ends with:\n{}",
            self.running[index].0,
            last_lines(&self.log)
        )
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

async fn listens(address: SocketAddr) {
    while TcpStream::connect(address).await.is_err() {
        sleep(AGAIN).await;
    }
}

/// An address where nobody listens. Somebody else may take it before the gateway does, which then ends.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    #[tokio::test]
    async fn a_service_that_ends_at_its_start_is_named_with_what_it_said() {
        let folder = tempfile::tempdir().unwrap();
        symlink("/bin/false", program_of(folder.path(), "gateway")).unwrap();
        let log = folder.path().join("log");
        fs::write(&log, "no such address\n").unwrap();
        let place = || folder.path().join("none");
        let nats = "nats://127.0.0.1:1".into();
        let places = Places { nats, nats_monitor: None, views: place(), state: place() };
        let started = Processes::start(folder.path(), &["gateway"], &places, &log);
        let error = started.await.err().unwrap().to_string();
        assert!(error.contains("annals-gateway ended") && error.contains("no such address"), "{error}");
    }
}
