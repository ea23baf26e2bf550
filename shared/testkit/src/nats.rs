//! A nats-server for one test.

use annals_nats::server::{NatsServer, Options};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;

use crate::ports::free_port;

/// Starts a nats-server with nothing in it.
pub async fn nats() -> TestNats {
    let folder = TempDir::new().expect("a temporary directory can be made");
    let (port, monitor_port) = (Some(free_port()), Some(free_port()));
    let options = Options { port, monitor_port, ..Options::new(folder.path().join("nats")) };
    let server = NatsServer::start(options).await;
    TestNats { server: server.unwrap_or_else(|error| panic!("{error}")), _folder: folder }
}

/// A nats-server of one test. Dropping it ends it and deletes what it kept.
#[derive(Debug)]
pub struct TestNats {
    // Fields are dropped in this order: the server ends before its files are deleted.
    server: NatsServer,
    _folder: TempDir,
}

impl TestNats {
    /// Where clients connect to: `nats://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where `/varz` is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn monitor_url(&self) -> String {
        self.server.monitor_url()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Ends it as a crash does.
    pub async fn kill(&mut self) {
        self.server.kill().await;
    }

    /// Makes it silent: it keeps its connections and does nothing, until [`TestNats::resume`].
    pub fn pause(&self) {
        self.signal(Signal::STOP);
        // Told to stop is not stopped: on a busy machine it may still answer.
        let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.process()), stopped).expect("a running child can be waited for");
    }

    /// Lets it go on where it was paused.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.process(), signal).expect("a running child can be signalled");
    }

    fn process(&self) -> Pid {
        Pid::from_raw(self.server.pid().cast_signed()).expect("a child has a process id")
    }

    /// Starts it again on the same ports with the same data, after a kill if it still runs.
    pub async fn restart(&mut self) {
        self.kill().await;
        let server = NatsServer::start(self.server.options().clone()).await;
        self.server = server.unwrap_or_else(|error| panic!("{error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use annals_nats::server::monitor::vitals;

    #[tokio::test]
    async fn a_restarted_server_is_where_it_was() {
        let mut nats = nats().await;
        let (url, monitor_url) = (nats.url(), nats.monitor_url());
        assert!(vitals(&monitor_url).await.is_ok());

        nats.kill().await;
        assert!(vitals(&monitor_url).await.is_err());

        nats.restart().await;
        assert_eq!((nats.url(), nats.monitor_url()), (url, monitor_url.clone()));
        assert!(vitals(&monitor_url).await.is_ok());
    }
}
