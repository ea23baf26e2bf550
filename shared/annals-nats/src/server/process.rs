//! One nats-server as a child process.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use thiserror::Error;
use tokio::{
    process::{Child, Command},
    task::spawn_blocking,
    time::timeout,
};
use uuid::Uuid;

use super::{FindError, Options, find, left_behind, ready, stop_left_behind};

/// How long a server may take until it answers: after a power cut it may have to read a large store.
/// Killing it early would only make it begin again.
const START: Duration = Duration::from_mins(5);

/// How long it may take until it has ended when it is asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why no server was started.
#[derive(Debug, Error)]
pub enum StartError {
    /// There is no binary to start.
    #[error(transparent)]
    Find(#[from] FindError),
    /// Its files cannot be written, or it cannot be executed.
    #[error("nats-server cannot be started: {0}")]
    Io(#[from] io::Error),
    /// It ended before it answered: a port that is taken, a store that it cannot read.
    #[error("nats-server ended at its start with {status}; its log ends with:\n{log}")]
    Ended {
        /// What it ended with.
        status: ExitStatus,
        /// The last lines that it wrote.
        log: String,
    },
    /// It runs and does not answer.
    #[error("nats-server did not answer within five minutes; its log ends with:\n{log}")]
    Silent {
        /// The last lines that it wrote.
        log: String,
    },
}

/// A nats-server of our own, on loopback, that has on disk what it acknowledges. Dropping it kills it.
#[derive(Debug)]
pub struct NatsServer {
    child: Child,
    pid: u32,
    options: Options,
}

impl NatsServer {
    /// Starts a server and waits until it answers. One that was left on the same store is stopped first.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let name = format!("annals-{}", Uuid::new_v4());
        let prepare = {
            let name = name.clone();
            move || prepare(&options, &name).map(|command| (command, options))
        };
        let (command, options) = spawn_blocking(prepare).await.expect("it does not panic")?;
        let mut server = Self::spawn(command, options)?;
        server.get_ready(&name).await?;
        Ok(server)
    }

    fn spawn(command: std::process::Command, options: Options) -> io::Result<Self> {
        let child = Command::from(command).spawn()?;
        let pid = child.id().expect("nobody has waited for it yet");
        let server = Self { child, pid, options };
        left_behind::remember(&server.options.store_dir, pid)?;
        Ok(server)
    }

    async fn get_ready(&mut self, name: &str) -> Result<(), StartError> {
        let log = self.options.log_file();
        let ports_dir = self.options.ports_dir();
        let answer = timeout(START, ready::until_ready(&ports_dir, self.pid, name));
        let ports = tokio::select! {
            ports = answer => ports.map_err(|_| StartError::Silent { log: last_lines(&log) })?,
            status = self.child.wait() => {
                return Err(StartError::Ended { status: status?, log: last_lines(&log) });
            }
        };
        self.options.port = Some(ports.client);
        self.options.monitor_port = Some(ports.monitor);
        Ok(())
    }

    /// What starts it again: the same store on the same ports.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Where clients connect to: `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port())
    }

    /// Where `/varz` and `/healthz` are: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn monitor_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.options.monitor_port.expect("known since it was ready"))
    }

    /// The port that clients connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.options.port.expect("known since it was ready")
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Comes back when the server has ended, for whatever reason.
    pub async fn wait(&mut self) -> ExitStatus {
        self.child.wait().await.expect("it is our child, and only we wait for it")
    }

    /// Ends it at once (SIGKILL), as a crash does.
    pub async fn kill(&mut self) {
        // It fails if the server has ended already, which is what is asked for.
        let _ = self.child.start_kill();
        self.wait().await;
    }

    /// Asks it to end (SIGTERM), and kills it if it has not after 10 s.
    pub async fn stop(mut self) {
        // As above.
        let _ = left_behind::send(self.pid, Signal::TERM);
        if timeout(PATIENCE, self.wait()).await.is_err() {
            tracing::warn!("nats-server did not stop within 10 s and is killed");
            self.kill().await;
        }
        left_behind::forget(&self.options.store_dir);
    }
}

/// Whoever drops it may delete its store or start another on it next, so it is gone when this returns.
impl Drop for NatsServer {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let deadline = Instant::now() + PATIENCE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn prepare(options: &Options, name: &str) -> Result<std::process::Command, StartError> {
    let program = find()?;
    stop_left_behind(&options.store_dir)?;
    let configuration = options.write(name)?;
    let log = File::options().create(true).append(true).open(options.log_file())?;

    let mut command = std::process::Command::new(program);
    command.arg("--config").arg(configuration);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    // Ctrl-C in a terminal goes to a whole group: the server must outlive the services, which say goodbye to it.
    command.process_group(0);
    Ok(command)
}

/// The last lines of a log, for whoever wants to know why something ended.
#[must_use]
pub fn last_lines(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
