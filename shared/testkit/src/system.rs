//! The whole system as a real process: `annals up`.

use std::{path::Path, process::Stdio, time::Duration};

use annals_nats::server::stop_left_behind;
use reqwest::{Client, Method};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    task::spawn_blocking,
    time::timeout,
};

use crate::{Call, binary, output::Output};

/// How long a start may take. The first one on a machine may have to fetch nats-server.
const START: Duration = Duration::from_mins(1);
/// How long a graceful end may take.
const STOP: Duration = Duration::from_secs(15);

/// A running Annals with its own data, ports and nats-server. Dropping it ends it and deletes its data.
#[derive(Debug)]
pub struct System {
    child: Child,
    base_url: String,
    client: Client,
    output: Output,
    data: TempDir,
}

impl System {
    /// Starts a system in which nothing has happened yet, and waits until it listens.
    pub async fn start() -> Self {
        let data = TempDir::new().expect("a temporary directory can be made");
        let client = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.build().expect("a client without TLS needs nothing");
        let output = Output::default();
        let (child, base_url) = spawn(data.path(), &output).await;
        Self { child, base_url, client, output, data }
    }

    /// `http://127.0.0.1:PORT`. Another one after [`System::start_again`].
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where it keeps everything.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data.path()
    }

    /// What it has printed so far, over all its starts: one line per event, and where it listens.
    #[must_use]
    pub fn logs(&self) -> String {
        self.output.text()
    }

    /// Ends it as Ctrl-C does, and expects that it ends well within 15 s.
    pub async fn stop(&mut self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        let pid = pid.unwrap_or_else(|| panic!("it has ended already:\n{}", self.logs()));
        kill_process(pid, Signal::INT).expect("a running child can be signalled");
        let ended = timeout(STOP, self.child.wait()).await;
        let status = ended.unwrap_or_else(|_| panic!("it has not ended within {STOP:?}:\n{}", self.logs()));
        let status = status.expect("a child can be waited for");
        assert!(status.success(), "it ended with {status}:\n{}", self.logs());
    }

    /// Ends it as a crash does (SIGKILL). Its nats-server is left behind.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("a child can be killed");
    }

    /// Starts it again on the same data, after a kill if it still runs.
    pub async fn start_again(&mut self) {
        self.kill().await;
        (self.child, self.base_url) = spawn(self.data.path(), &self.output).await;
    }

    /// Any request. `path` begins with a slash and may have a query.
    pub fn request(&self, method: Method, path: &str) -> Call {
        Call(self.client.request(method, format!("{}{path}", self.base_url)))
    }

    /// A read.
    pub fn get(&self, path: &str) -> Call {
        self.request(Method::GET, path)
    }

    /// A write.
    pub fn post(&self, path: &str, body: &Value) -> Call {
        self.request(Method::POST, path).json(body)
    }
}

/// Its nats-server is a process of its own, which a killed parent leaves behind.
impl Drop for System {
    fn drop(&mut self) {
        // It fails if it has ended already.
        let _ = self.child.start_kill();
        if let Err(error) = stop_left_behind(&self.data.path().join("nats")) {
            eprintln!("{error}");
        }
    }
}

async fn spawn(data: &Path, output: &Output) -> (Child, String) {
    let annals = spawn_blocking(binary::annals).await.expect("the annals binary was built");
    let mut child = Command::new(annals)
        .args(["up", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the annals binary can be run");

    output.follow(child.stderr.take().expect("stderr is piped"));
    let mut url = output.follow(child.stdout.take().expect("stdout is piped"));
    let found = timeout(START, url.wait_for(Option::is_some)).await;
    let found = found.unwrap_or_else(|_| panic!("it does not listen after {START:?}:\n{}", output.text()));
    let found = found.unwrap_or_else(|_| panic!("it ended before it listened:\n{}", output.text()));
    let base_url = found.clone().expect("that is what was waited for");
    drop(found);
    (child, base_url)
}
