//! `annals bench` from outside: that it measures what it says, and leaves nothing behind.

#![allow(clippy::unwrap_used)] // as in every test; what is no test function is not recognised as such

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use annals_testkit::eventually_within;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How long a process may take to begin, or to end.
const TIMEOUT: Duration = Duration::from_mins(5);

/// The figures of what needs no log that has been filled before.
const SMALL: [&str; 39] = [
    "limit.fsync",
    "limit.entry.1",
    "limit.entry.16",
    "limit.entry.64",
    "limit.entry.128",
    "limit.entry.256",
    "limit.sqlite.1000",
    "limit.sqlite.1",
    "limit.visible",
    "append.1",
    "append.64",
    "append.256",
    "commands.local.1",
    "commands.local.32",
    "commands.local.128",
    "commands.local.1024",
    "commands.local-hot.128",
    "commands.bus.1",
    "commands.bus.32",
    "commands.bus.128",
    "commands.bus.1024",
    "commands.http.1",
    "commands.http.32",
    "commands.http.128",
    "commands.http.1024",
    "commands.hot.1",
    "commands.hot.32",
    "commands.hot.128",
    "commands.hot.1024",
    "commands.mixed.1",
    "commands.mixed.128",
    "lag.p50",
    "lag.p99",
    "lag.index.p99",
    "lag.views.p99",
    "lag.reactors.p99",
    "search.without.p99",
    "search.p99",
    "disk",
];

/// Those that are zero if nothing is behind when it is asked.
const MAY_BE_ZERO: [&str; 3] = ["lag.index.p99", "lag.views.p99", "lag.reactors.p99"];

/// The figures of what does, and of their limits.
const LARGE: [&str; 18] = [
    "limit.sqlite.1000",
    "limit.sqlite.1",
    "catch-up.read",
    "catch-up.states",
    "catch-up.index",
    "catch-up.balances",
    "catch-up.all",
    "load.cold",
    "load.warm",
    "load.cold.128",
    "load.warm.128",
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
    has_every_figure(&["limits", "append", "local", "commands", "lag", "search", "disk"], &SMALL);
}

#[test]
#[ignore = "fills several logs: `.ci/full` runs it"]
fn a_quick_bench_of_large_systems_has_every_figure_and_leaves_nothing_behind() {
    has_every_figure(&["catch-up", "load", "restart", "scale"], &LARGE);
}

fn has_every_figure(measures: &[&str], figures: &[&str]) {
    let data = on_disk();
    let output = bench(measures, data.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(is_empty(data.path()));

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["machine"]["sync_interval"], "always");
    for name in figures {
        let mut named = report["figures"].as_array().unwrap().iter().filter(|it| it["name"] == *name);
        let figure = named.next().unwrap_or_else(|| panic!("no {name} in {report}"));
        // A figure of which everything failed is none.
        let least = if MAY_BE_ZERO.contains(name) { 0.0 } else { f64::MIN_POSITIVE };
        assert!(figure["median"].as_f64().is_some_and(|it| it >= least), "{figure}");
        assert_eq!(figure["failures"], 0, "{figure}");
        assert_eq!(named.next(), None);
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
        if ratio.is_finite() {
            assert!((now["compared"]["ratio"].as_f64().unwrap() - ratio).abs() < 1e-9, "{now}");
        }
    }
}

/// A bench that is in the middle of measuring, and the server that it measures with.
struct Measuring {
    bench: Child,
    server: Pid,
}

impl Measuring {
    /// Starts it, and comes back when the service that it measures has carried out its first command. Many
    /// are to follow.
    async fn start(data: &Path) -> Self {
        let mut command = bench(&["commands"], data);
        let mut bench = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        eventually_within(TIMEOUT, "it gives commands", async || {
            assert_eq!(bench.try_wait().unwrap(), None);
            let log = fs::read_to_string(inside(data)?.join("log")).ok()?;
            log.contains("deposit").then_some(())
        })
        .await;
        Self { bench, server: server(data).unwrap() }
    }
}

/// Also if a test fails.
impl Drop for Measuring {
    fn drop(&mut self) {
        let _ = self.bench.kill();
        let _ = self.bench.wait();
    }
}

/// The bench's own directory.
fn inside(data: &Path) -> Option<PathBuf> {
    Some(fs::read_dir(data).unwrap().next()?.unwrap().path())
}

/// The nats-server that runs there.
fn server(data: &Path) -> Option<Pid> {
    let mut homes = fs::read_dir(inside(data)?).ok()?;
    let noted = homes.find_map(|home| fs::read_to_string(home.ok()?.path().join("nats.pid")).ok())?;
    Pid::from_raw(noted.split(' ').next()?.parse().ok()?)
}

/// One that has ended and that nobody has waited for does not run.
fn runs(process: Pid) -> bool {
    let mut ps = Command::new("ps");
    let said = ps.args(["-o", "stat=", "-p", &process.as_raw_nonzero().to_string()]).output().unwrap();
    !said.stdout.trim_ascii().is_empty() && !said.stdout.starts_with(b"Z")
}

#[tokio::test]
async fn a_bench_interrupted_while_it_measures_reports_nothing_and_leaves_nothing_behind() {
    let data = on_disk();
    let mut it = Measuring::start(data.path()).await;
    kill_process(Pid::from_child(&it.bench), Signal::INT).unwrap();
    let ended = eventually_within(TIMEOUT, "it has ended", async || it.bench.try_wait().unwrap()).await;

    let mut said = String::new();
    it.bench.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((ended.success(), said.as_str()), (false, ""));
    assert!(is_empty(data.path()));
    assert!(!runs(it.server));
}

#[tokio::test]
async fn what_a_killed_bench_leaves_the_next_one_clears_away() {
    let data = on_disk();
    let mut it = Measuring::start(data.path()).await;
    let left = inside(data.path()).unwrap();
    let nothing = || {
        let mut without_server = bench(&["limits"], data.path());
        without_server.env("NATS_SERVER", "/nowhere");
        without_server
    };
    assert!(!nothing().output().unwrap().status.success());
    assert!(left.exists(), "it is somebody's who lives");

    it.bench.kill().unwrap();
    it.bench.wait().unwrap();
    assert!(runs(it.server) && left.exists());
    assert!(!nothing().output().unwrap().status.success());
    assert!(!runs(it.server) && is_empty(data.path()));
}

#[test]
fn where_it_cannot_be_saved_is_said_before_anything_is_measured() {
    let data = on_disk();
    let nowhere = data.path().join("nowhere/saved.json");
    let mut command = bench(&["limits"], data.path());
    let output = command.arg("--save").arg(nowhere).env("NATS_SERVER", "/nowhere").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("saved.json cannot be written"), "{said}");
}

/// A nats-server that starts only twice.
fn tired(folder: &Path) -> PathBuf {
    let (program, starts) = (folder.join("nats-server"), folder.join("starts"));
    let real = annals_nats::server::find().unwrap();
    let script = format!(
        "#!/bin/sh\n\
         if [ \"$1\" = --config ]; then\n\
         echo >> {starts}; [ $(wc -l < {starts}) -le 2 ] || {{ echo too tired; exit 1; }}\n\
         fi\nexec {} \"$@\"\n",
        real.display(),
        starts = starts.display(),
    );
    // Another process writes it: who has a file open for writing keeps others from executing it.
    let write = ["-c", r#"printf %s "$2" > "$1" && chmod +x "$1""#, "sh"];
    assert!(Command::new("/bin/sh").args(write).arg(&program).arg(script).status().unwrap().success());
    program
}

#[test]
fn what_was_measured_before_something_failed_is_reported_with_the_failure() {
    let (data, programs) = (on_disk(), on_disk());
    let saved = programs.path().join("saved.json");
    let mut command = bench(&["append"], data.path());
    let output = command.arg("--save").arg(&saved).env("NATS_SERVER", tired(programs.path())).output();
    let output = output.unwrap();
    assert!(!output.status.success() && is_empty(data.path()));
    assert!(String::from_utf8(output.stderr).unwrap().contains("too tired"));

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> = report["figures"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    let entries = [1, 16, 64, 128, 256].map(|commits| format!("limit.entry.{commits}"));
    assert_eq!(names, [&["limit.fsync".to_owned()], entries.as_slice()].concat());
    assert!(report["ended_early"].as_str().unwrap().contains("append"), "{report}");
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&saved).unwrap()).unwrap(), report);
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
