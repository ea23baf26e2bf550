//! One program that can be ended in every way and started again.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// How long a graceful end may take before the test is failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a process took it to be asked to end.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// What it ended with.
    pub status: ExitStatus,
    /// From the signal to the end.
    pub took: Duration,
}

/// A program with its arguments, and the process that runs it at times. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process {
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    child: Option<Child>,
}

impl Process {
    /// A program that does not run yet. What it prints is added to the file `log`.
    pub(crate) fn new(program: PathBuf, arguments: &[&str], log: PathBuf) -> Self {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Self { program, arguments, log, child: None }
    }

    /// Starts it, after a kill if it still runs. Does not wait for anything.
    pub(crate) async fn start(&mut self) {
        self.kill().await;
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.expect("a file in a temporary directory can be written");
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        self.child = Some(child.expect("a binary that was built can be run"));
    }

    /// Ends it as a crash does (SIGKILL); nothing if it does not run.
    pub(crate) async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await.expect("a child can be killed");
        }
    }

    /// The same where nobody can wait.
    pub(crate) fn kill_now(&mut self) {
        // It fails if it has ended already.
        let _ = self.child.as_mut().map(Child::start_kill);
    }

    /// Asks it to end and waits for that.
    pub(crate) async fn end(&mut self, signal: Signal) -> Ended {
        let pid = self.pid().unwrap_or_else(|| panic!("it does not run:\n{}", self.last_lines()));
        let begun = Instant::now();
        kill_process(pid, signal).expect("a running child can be signalled");
        let mut child = self.child.take().expect("it has a process id");
        let status = timeout(PATIENCE, child.wait()).await;
        let status =
            status.unwrap_or_else(|_| panic!("it has not ended in {PATIENCE:?}:\n{}", self.last_lines()));
        Ended { status: status.expect("a child can be waited for"), took: begun.elapsed() }
    }

    /// None unless it runs.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.child.as_ref()?.id().and_then(|pid| Pid::from_raw(pid.cast_signed()))
    }

    /// Fails the test if it has ended by itself.
    pub(crate) fn assert_runs(&mut self) {
        let ended = self.child.as_mut().map(|child| child.try_wait().expect("a child can be asked"));
        assert!(matches!(ended, Some(None)), "{} has ended:\n{}", self.program.display(), self.last_lines());
    }

    /// Where everything is that it has printed, over all starts.
    pub(crate) fn log_file(&self) -> &PathBuf {
        &self.log
    }

    /// Everything that it has printed so far, over all starts.
    pub(crate) fn printed(&self) -> io::Result<String> {
        fs::read_to_string(&self.log)
    }

    pub(crate) fn last_lines(&self) -> String {
        const LINES: usize = 30;
        let printed = self.printed().unwrap_or_default();
        let lines: Vec<_> = printed.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].join("\n")
    }
}
