//! What processes hold in memory, over time.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::Path,
    time::{Duration, Instant},
};

/// Caches fill up in the beginning: from then on memory has to stay where it is.
const SETTLED: Duration = Duration::from_mins(5);
/// Single looks vary: the middle of so many counts.
const LOOKS: usize = 6;

/// Looks at memory, in KiB by name of the process.
#[derive(Default)]
pub struct Memory {
    looks: Vec<(Instant, BTreeMap<String, u64>)>,
}

impl Memory {
    /// Looks at every process once.
    pub fn look(&mut self, pids: &BTreeMap<String, u32>) {
        let now = pids.iter().map(|(name, pid)| (name.clone(), resident_kib(*pid)));
        self.looks.push((Instant::now(), now.collect()));
    }

    /// Keeps the table with the build.
    pub fn write(&self) {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("memory.txt");
        fs::write(&file, self.to_string()).expect("a file can be written beside the build");
    }

    /// Every service holds at most 1.2 times as much as it did after five minutes. nats-server is not
    /// ours, and holds what its own caches and its garbage collector make of it.
    pub fn assert_flat(&self) {
        let early = self.looks.iter().position(|(at, _)| *at - self.looks[0].0 >= SETTLED);
        let early = early.expect("it runs for longer than five minutes");
        for name in self.looks[0].1.keys().filter(|name| *name != "nats-server") {
            let (then, now) = (self.around(early, name), self.around(self.looks.len(), name));
            println!("{name}: {then} KiB after {SETTLED:?}, {now} KiB at the end");
            assert!(now * 10 <= then * 12, "{name} has grown from {then} to {now} KiB");
        }
    }

    /// The middle of the looks before this one.
    fn around(&self, look: usize, name: &str) -> u64 {
        let looks = &self.looks[look.saturating_sub(LOOKS)..look];
        let mut kib: Vec<_> = looks.iter().map(|(_, memory)| memory[name]).collect();
        kib.sort_unstable();
        kib[kib.len() / 2]
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (begin, names) = (self.looks[0].0, &self.looks[0].1);
        write!(f, "    s")?;
        names.keys().try_for_each(|name| write!(f, " {name:>12}"))?;
        writeln!(f, "   (resident, KiB)")?;
        for (at, memory) in &self.looks {
            write!(f, "{:5}", (*at - begin).as_secs())?;
            memory.values().try_for_each(|kib| write!(f, " {kib:>12}"))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The most that a process has held so far.
pub fn peak_kib(pid: u32) -> u64 {
    kib(pid, "VmHWM:")
}

fn resident_kib(pid: u32) -> u64 {
    kib(pid, "VmRSS:")
}

fn kib(pid: u32, line: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find_map(|each| each.strip_prefix(line)).expect("a process has memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number of KiB")
}
