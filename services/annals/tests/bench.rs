//! `annals bench` from outside: that it measures what it says, and leaves nothing behind.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use annals_testkit::eventually_within;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How long a process may take to begin, or to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// The figures of what needs no log that has been filled before.
const SMALL: [&str; 24] = [
    "limit.fsync",
    "limit.publish.1",
    "limit.publish.128",
    "limit.batch.128",
    "limit.batch.1000",
    "limit.read",
    "limit.sqlite.1000",
    "limit.sqlite.1",
    "limit.visible",
    "limit.http.1",
    "limit.http.128",
    "append.1",
    "append.128",
    "append.1024",
    "commands.bus.1",
    "commands.bus.32",
    "commands.bus.128",
    "commands.bus.1024",
    "commands.http.1",
    "commands.http.32",
    "commands.http.128",
    "commands.http.1024",
    "lag.p50",
    "lag.p99",
];

/// The figures of what does, and of their limits.
const LARGE: [&str; 17] = [
    "limit.batch.128",
    "limit.batch.1000",
    "limit.sqlite.1000",
    "limit.sqlite.1",
    "catch-up.read",
    "catch-up.balances",
    "catch-up.all",
    "load.cold",
    "load.snapshot",
    "load.warm",
    "restart.server",
    "restart.command",
    "restart.ready",
    "scale.100",
    "scale.cpu.100",
    "scale.1000",
    "scale.cpu.1000",
];

/// A directory on the disk that the program was built on: the bench refuses one in memory.
fn on_disk() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn bench(measures: &[&str], data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_annals"));
    command.arg("bench").args(measures).args(["--quick", "--json", "--data"]).arg(data);
    command
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().next().is_none()
}

#[test]
fn a_quick_bench_has_every_figure_and_leaves_nothing_behind() {
    for (measures, figures) in [
        (["limits", "append", "commands", "lag"], SMALL.as_slice()),
        (["catch-up", "load", "restart", "scale"], LARGE.as_slice()),
    ] {
        let data = on_disk();
        let output = bench(&measures, data.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(is_empty(data.path()));

        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["machine"]["sync_interval"], "always");
        for name in figures {
            let mut named = report["figures"].as_array().unwrap().iter().filter(|it| it["name"] == *name);
            let figure = named.next().unwrap_or_else(|| panic!("no {name} in {report}"));
            for number in ["median", "min", "max"] {
                assert!(figure[number].as_f64().is_some_and(|it| it >= 0.0), "{figure}");
            }
            assert_eq!(named.next(), None);
        }
    }
}

#[test]
fn what_was_saved_can_be_compared_with() {
    let data = on_disk();
    let saved = data.path().join("saved.json");
    let once = |option| {
        let output = bench(&["lag"], data.path()).arg(option).arg(&saved).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let before = once("--save");
    assert_eq!(before["figures"][0]["compared"], Value::Null);
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&saved).unwrap()).unwrap(), before);

    let now = once("--compare");
    assert_eq!(now["compared_with"]["at"], before["at"]);
    for (now, before) in now["figures"].as_array().unwrap().iter().zip(before["figures"].as_array().unwrap())
    {
        let ratio = now["median"].as_f64().unwrap() / before["median"].as_f64().unwrap();
        assert!((now["compared"]["ratio"].as_f64().unwrap() - ratio).abs() < 1e-9, "{now}");
    }
}

#[tokio::test]
async fn an_interrupted_bench_reports_nothing_and_leaves_nothing_behind() {
    let data = on_disk();
    let mut command = bench(&["lag"], data.path());
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    eventually_within(PATIENCE, "it has begun", async || !is_empty(data.path())).await;
    kill_process(Pid::from_child(&running), Signal::INT).unwrap();
    eventually_within(PATIENCE, "it has ended", async || running.try_wait().unwrap()).await;

    let output = running.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    assert!(is_empty(data.path()));
}

#[test]
fn a_directory_in_memory_is_refused() {
    let shm = Path::new("/dev/shm");
    if !shm.exists() {
        return; // other systems have nothing in memory that looks like a disk
    }
    let output = bench(&["limits"], shm).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("tmpfs"), "{said}");
}
