//! What a process takes of the machine, as the system counts it.

use std::time::Duration;

use anyhow::Context;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};
use tokio::time::{sleep, timeout};

/// What a process takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Memory that is really there, in bytes.
    pub resident_bytes: u64,
    /// Time on a processor since it began, over all its threads.
    pub cpu: Duration,
}

/// What the process takes right now.
///
/// # Errors
/// When there is no such process.
pub(crate) fn of(pid: u32) -> anyhow::Result<Usage> {
    let pid = Pid::from_u32(pid);
    let mut system = System::new()?;
    let wanted = ProcessRefreshKind::nothing().with_memory().with_cpu();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
    let process = system.process(pid).with_context(|| format!("process {pid} is gone"))?;
    let cpu = Duration::from_millis(process.accumulated_cpu_time());
    Ok(Usage { resident_bytes: process.memory(), cpu })
}

/// How long a process has to do next to nothing until it counts as being at rest.
const REST: Duration = Duration::from_millis(500);

/// Next to nothing, of that time.
const NOTHING: Duration = Duration::from_millis(25);

/// Whoever still has something to do after that will never be done.
const LONGEST: Duration = Duration::from_mins(10);

/// Comes back when the process has nothing to do any more.
///
/// # Errors
/// When it is gone, or does not come to rest.
pub(crate) async fn at_rest(pid: u32) -> anyhow::Result<()> {
    let rest = timeout(LONGEST, rest(pid)).await;
    rest.with_context(|| format!("process {pid} does not come to rest"))?
}

async fn rest(pid: u32) -> anyhow::Result<()> {
    loop {
        let before = of(pid)?.cpu;
        sleep(REST).await;
        if of(pid)?.cpu.saturating_sub(before) <= NOTHING {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, id};

    use super::*;

    #[test]
    fn a_process_that_runs_takes_memory_and_one_that_is_gone_nothing() {
        let megabyte = 1024 * 1024;
        let usage = of(id()).unwrap();
        assert!((megabyte..1024 * megabyte).contains(&usage.resident_bytes), "{usage:?}");

        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(of(child.id()).is_err());
    }

    #[test]
    fn time_on_a_processor_adds_up() {
        let before = of(id()).unwrap().cpu;
        let enough = before + Duration::from_millis(50);
        while of(id()).unwrap().cpu < enough {
            std::hint::black_box(0);
        }
    }
}
