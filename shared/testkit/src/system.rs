//! The whole system as one real process: `annals up`.

use std::{
    fs,
    ops::Deref,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use annals_nats::server::stop_left_behind;
use jiff::Timestamp;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    Client, Evidence, Interruption, binary::binary, eventually_within, ports::free_port, process::Process,
};

/// How long a start may take. The first one on a machine may have to fetch nats-server.
const START: Duration = Duration::from_mins(1);
/// How long a graceful end may take.
const STOP: Duration = Duration::from_secs(15);

/// A running Annals with its own data, port and nats-server, and the [`Client`] of it. Dropping it
/// ends it and deletes its data.
#[derive(Debug)]
pub struct System {
    process: Process,
    client: Client,
    interruptions: Vec<Interruption>,
    data: TempDir,
}

impl System {
    /// Starts a system in which nothing has happened yet, and waits until it is ready and every view
    /// answers.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with further arguments on the command line, such as `--log json`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        Self::start_program(binary("annals").await, arguments).await
    }

    /// The same with another build of `annals`, which can be replaced while it is stopped.
    pub async fn start_program(annals: PathBuf, arguments: &[&str]) -> Self {
        let data = TempDir::new().expect("a temporary directory can be made");
        let folder = data.path().to_str().expect("a temporary directory has a plain name");
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let all = [&["up", "--listen", &listen, "--data", folder], arguments].concat();
        let process = Process::new(annals, &all, data.path().join("printed.log"));
        let mut system = Self { process, client: Client::new(port), interruptions: vec![], data };
        system.start_again().await;
        eventually_within(START, "every view answers", || system.client.shows_everything()).await;
        system
    }

    /// Where it keeps everything.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// What it has printed so far, over all its starts: one line per event, and where it listens.
    #[must_use]
    pub fn logs(&self) -> String {
        self.process.printed().expect("it has been started")
    }

    /// Where its nats-server is: `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn nats_url(&self) -> String {
        let mut files = fs::read_dir(self.data.path().join("nats/ports")).expect("nats-server runs");
        let file = files.next().expect("it says where it listens").expect("a folder can be read");
        let ports = fs::read(file.path()).expect("a file can be read");
        let ports: Value = serde_json::from_slice(&ports).expect("it was complete when the system was ready");
        ports["nats"][0].as_str().expect("it lists addresses").to_owned()
    }

    /// What an auditor may look at, if it logs JSON.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence {
            client: self.client.clone(),
            nats_url: self.nats_url(),
            logs: vec![self.process.log_file().clone()],
            interruptions: self.interruptions.clone(),
        }
    }

    /// Ends it as Ctrl-C does, and expects that it ends well within 15 s.
    pub async fn stop(&mut self) {
        let ended = self.process.end(Signal::INT).await;
        assert!(ended.status.success(), "it ended with {}:\n{}", ended.status, self.process.last_lines());
        assert!(ended.took <= STOP, "it ended after {:?}", ended.took);
    }

    /// Ends it as a crash does (SIGKILL). Its nats-server is left behind.
    pub async fn kill(&mut self) {
        let from = Timestamp::now();
        self.process.kill().await;
        self.interruptions.push(Interruption::since(from, true));
    }

    /// Starts it again on the same data and port, after a kill if it still runs.
    pub async fn start_again(&mut self) {
        self.process.start().await;
        eventually_within(START, "the system is ready", async || {
            self.process.assert_runs();
            self.client.is_ready().await
        })
        .await;
    }
}

impl Deref for System {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Its nats-server is a process of its own, which a killed parent leaves behind. What it said is lost
/// with its files, so a test that fails shows the end of it.
impl Drop for System {
    fn drop(&mut self) {
        self.process.kill_now();
        if thread::panicking() {
            eprintln!("{}", self.process.last_lines());
        }
        if let Err(error) = stop_left_behind(&self.data.path().join("nats")) {
            eprintln!("{error}");
        }
    }
}
