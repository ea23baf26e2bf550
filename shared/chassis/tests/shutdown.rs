//! Signals, in processes of their own: this test binary runs itself as the one that is signalled.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{env, future::pending, process::Stdio, time::Duration};

use annals_chassis::shutdown;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Set in the process that is signalled.
const ROLE: &str = "ANNALS_TEST_SIGNALLED";

struct Signalled {
    child: Child,
    says: Lines<BufReader<ChildStdout>>,
}

impl Signalled {
    fn start() -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "the_process_that_is_signalled", "--nocapture"])
            .env(ROLE, "yes")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let says = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, says }
    }

    async fn says(&mut self, wanted: &str) {
        let said = async { while self.says.next_line().await.unwrap().unwrap() != wanted {} };
        timeout(Duration::from_secs(10), said).await.unwrap();
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    async fn exit_code(mut self) -> Option<i32> {
        timeout(Duration::from_secs(10), self.child.wait()).await.unwrap().unwrap().code()
    }
}

/// Says what happens to it. As a test of its own it does nothing.
#[tokio::test]
async fn the_process_that_is_signalled() {
    if env::var_os(ROLE).is_some() {
        let shutdown = shutdown::signal();
        println!("\nlistening");
        shutdown.cancelled().await;
        println!("\nstopping");
        pending::<()>().await;
    }
}

#[tokio::test]
async fn the_first_signal_asks_and_the_second_ends_the_process() {
    for (first, second) in [(Signal::TERM, Signal::INT), (Signal::INT, Signal::TERM)] {
        let mut process = Signalled::start();
        process.says("listening").await;
        process.signal(first);
        process.says("stopping").await;
        process.signal(second);
        assert_eq!(process.exit_code().await, Some(130));
    }
}
