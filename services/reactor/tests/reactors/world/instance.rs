//! One instance of the service, which can be stopped and killed.

use std::{
    io, mem,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use annals_chassis::config::{HealthArgs, NatsArgs};
use annals_nats::LeaseTiming;
use annals_reactor::{Config, Timing, run_with};
use annals_testkit::eventually;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::bell;

/// A thread of its own, with everything that a process has of its own.
pub struct Instance {
    stop: CancellationToken,
    kill: oneshot::Sender<()>,
    ended: oneshot::Receiver<anyhow::Result<()>>,
    output: Output,
}

/// What an instance has printed.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Instance {
    /// Runs some reactors against a nats-server. They make the first retry after this time.
    pub fn start(nats: &str, only: &[&str], retry_after: Duration) -> Self {
        let config = Config {
            nats: NatsArgs { nats: nats.into(), nats_monitor: None },
            health: HealthArgs { health: Some("127.0.0.1:0".parse().unwrap()) },
            only: only.iter().map(|&name| name.to_owned()).collect(),
        };
        let lease =
            LeaseTiming { renew_every: Duration::from_millis(200), expires_after: Duration::from_secs(1) };
        let timing = Timing { retry_after, lease };
        let (stop, output) = (CancellationToken::new(), Output::default());
        let (kill, killed) = oneshot::channel();
        let (ending, ended) = oneshot::channel();
        let running = run_with(config, bell::catalog(), timing, stop.clone());
        let writer = output.clone();
        thread::spawn(move || {
            let log = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone());
            let _log = tracing::subscriber::set_default(log.finish());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let end = runtime.block_on(async {
                tokio::select! { end = running => Some(end), _ = killed => None }
            });
            runtime.shutdown_background(); // whatever it was doing, it does not finish
            end.map(|end| ending.send(end))
        });
        Self { stop, kill, ended, output }
    }

    /// Ends it as SIGTERM does.
    pub async fn stop(self) {
        self.stop.cancel();
        self.ended.await.unwrap().unwrap();
    }

    /// Asks it to end, and does not wait.
    pub fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    /// Ends it as a crash does.
    pub async fn kill(self) {
        self.kill.send(()).unwrap();
        assert!(self.ended.await.is_err(), "it had ended by itself");
    }

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        String::from_utf8(self.output.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines of mails.
    pub fn mails(&self) -> Vec<String> {
        let printed = self.printed();
        printed.lines().filter(|line| line.contains("to ada@example.com")).map(str::to_owned).collect()
    }

    /// What `/readyz` says does not work.
    pub async fn degraded(&self) -> Vec<String> {
        let url = eventually("it says where its health is", async || {
            let printed = self.printed();
            let (_, rest) = printed.split_once("health on ")?;
            rest.lines().next().map(str::to_owned)
        })
        .await;
        let answer: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let mut answer = answer;
        serde_json::from_value(mem::take(&mut answer["degraded"])).unwrap()
    }
}
