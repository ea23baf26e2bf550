//! A parent that is killed leaves its nats-server running, and two servers on one store destroy it.
//! So a file beside the store says which process has it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to end after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// Stops the server that an earlier parent left running on the store, if there is one.
///
/// `DATA/nats.pid` says which process has the store `DATA/nats`. A process id is used again one day,
/// so the process must also have started when that file says. Blocks until it is gone.
pub fn stop_left_behind(store_dir: &Path) -> io::Result<()> {
    let file = pid_file(store_dir);
    let Some(left) = read(&file) else { return Ok(()) };
    for signal in [Signal::TERM, Signal::KILL] {
        if !left.runs() {
            break;
        }
        tracing::warn!(pid = left.pid, signal = ?signal, "a nats-server was left on this store and is stopped");
        left.send(signal)?;
        left.wait_for_end();
    }
    if left.runs() {
        return Err(io::Error::other(format!(
            "nats-server {} has the store and cannot be stopped",
            left.pid
        )));
    }
    forget(store_dir);
    Ok(())
}

/// Notes that process `pid` has the store now.
pub(super) fn remember(store_dir: &Path, pid: u32) -> io::Result<()> {
    match started_at(pid) {
        Some(started_at) => fs::write(pid_file(store_dir), format!("{pid} {started_at}\n")),
        None => Ok(()), // it is gone already
    }
}

/// Notes that nobody has the store.
pub(super) fn forget(store_dir: &Path) {
    // If it stays, it names a process that is gone: that is checked, too.
    let _ = fs::remove_file(pid_file(store_dir));
}

fn pid_file(store_dir: &Path) -> PathBuf {
    store_dir.with_added_extension("pid")
}

struct Process {
    pid: u32,
    started_at: String,
}

fn read(file: &Path) -> Option<Process> {
    let text = fs::read_to_string(file).ok()?;
    let (pid, started_at) = text.trim().split_once(' ')?;
    Some(Process { pid: pid.parse().ok()?, started_at: started_at.to_owned() })
}

impl Process {
    fn runs(&self) -> bool {
        started_at(self.pid).is_some_and(|started_at| started_at == self.started_at)
    }

    fn send(&self, signal: Signal) -> io::Result<()> {
        match send(self.pid, signal) {
            Err(_) if !self.runs() => Ok(()), // it ended before the signal came
            sent => sent,
        }
    }

    fn wait_for_end(&self) {
        let deadline = Instant::now() + GRACE;
        while self.runs() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Sends `signal` to process `pid`.
pub(super) fn send(pid: u32, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(kill_process(pid, signal)?)
}

/// When a process started, in whatever unit the system tells it. None if there is no such process, or
/// only its exit code is left.
#[cfg(target_os = "linux")]
fn started_at(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name, which may itself contain spaces and brackets.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let start_time = fields.nth(18)?; // field 22 of proc(5)
    (!matches!(state, "Z" | "X")).then(|| start_time.to_owned())
}

#[cfg(not(target_os = "linux"))]
fn started_at(pid: u32) -> Option<String> {
    let asked =
        std::process::Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output();
    let said = String::from_utf8(asked.ok()?.stdout).ok()?;
    let (state, start_time) = said.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| start_time.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_id_that_was_used_again_is_not_the_process() {
        let this = std::process::id();
        let started_at = started_at(this).unwrap();
        assert!(Process { pid: this, started_at }.runs());
        assert!(!Process { pid: this, started_at: "1".to_owned() }.runs());
    }

    #[test]
    fn a_process_that_is_gone_leaves_no_start_time() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert_eq!(started_at(child.id()), None);
    }

    #[test]
    fn a_file_that_makes_no_sense_names_no_process() {
        let folder = tempfile::tempdir().unwrap();
        let store_dir = folder.path().join("nats");
        for nonsense in ["", "\n", "12", "twelve 1"] {
            fs::write(pid_file(&store_dir), nonsense).unwrap();
            stop_left_behind(&store_dir).unwrap();
        }
    }
}
