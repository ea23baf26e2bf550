//! Where a bench keeps its data: on a real disk, and only as long as it lasts.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use annals_nats::server::stop_left_behind;
use anyhow::{Context, bail};
use sysinfo::{Disk, Disks};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

/// On these nothing is ever on disk, and so every figure would be a fairy tale.
const MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// What the name of each begins with.
const PREFIX: &str = "annals-bench-";

/// A file in each, which is locked.
const LOCK: &str = "lock";

/// A directory of the bench's own. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    temporary: TempDir,
    /// Held as long as this lasts, so that others see whether it does.
    _lock: File,
    /// `ext4`.
    pub file_system: String,
    /// `/dev/vda`.
    pub device: String,
}

impl Directory {
    /// Makes one, in `parent` or where there is room for it. What others that were killed have left there is
    /// cleared away.
    pub(crate) fn create(parent: Option<&Path>) -> anyhow::Result<Self> {
        let parent = parent.map_or_else(usual_place, |parent| Ok(parent.to_owned()))?;
        fs::create_dir_all(&parent).with_context(|| format!("{} cannot be created", parent.display()))?;
        let (device, file_system) = disk(&parent)?;
        if MEMORY.contains(&file_system.as_str()) {
            bail!(
                "{} is in memory ({file_system}): name a directory on a disk with --data",
                parent.display()
            );
        }
        clear(&parent).context("what an earlier bench left cannot be cleared away")?;
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent);
        let directory = directory.with_context(|| format!("{} cannot be written to", parent.display()))?;
        let lock = lock(directory.path()).context("the bench's directory cannot be locked")?;
        Ok(Self { temporary: directory, _lock: lock, file_system, device })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// What the services of this process log.
    pub(crate) fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    /// A copy of a directory that nobody is using. It is on disk when this returns: nobody who measures with
    /// it shall wait for that.
    pub(crate) async fn copy_of(&self, original: &Path) -> anyhow::Result<TempDir> {
        let copy = self.fresh()?;
        let (from, to) = (original.to_owned(), copy.path().to_owned());
        spawn_blocking(move || copy_all(&from, &to)).await?.context("a log cannot be copied")?;
        Ok(copy)
    }

    /// A directory in it that nobody has used before.
    pub(crate) fn fresh(&self) -> anyhow::Result<TempDir> {
        Ok(TempDir::new_in(self.path())?)
    }
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copy = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &copy)?;
        } else {
            fs::copy(entry.path(), &copy)?;
            File::open(&copy)?.sync_all()?;
        }
    }
    Ok(())
}

/// The lock of a new directory. It has its name only once it is held: else somebody might take the directory
/// for one that was left.
fn lock(directory: &Path) -> io::Result<File> {
    let unnamed = directory.join("unnamed");
    let lock = File::create(&unnamed)?;
    lock.lock()?;
    fs::rename(unnamed, directory.join(LOCK))?;
    Ok(lock)
}

/// Removes the directories of those who live no more, and stops the servers that still run on them.
fn clear(parent: &Path) -> io::Result<()> {
    for entry in fs::read_dir(parent)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        match lock.try_lock() {
            Ok(()) => remove(&entry.path())?,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(())
}

fn remove(left: &Path) -> io::Result<()> {
    for home in fs::read_dir(left)? {
        stop_left_behind(&home?.path().join("nats"))?;
    }
    fs::remove_dir_all(left)
}

/// Cargo's `target` if the program is in it, else the working directory.
fn usual_place() -> anyhow::Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().find(|it| it.ends_with("target"));
    target.map_or_else(|| Ok(env::current_dir()?), |target| Ok(target.to_owned()))
}

/// The device that a path is on, and its file system.
fn disk(path: &Path) -> anyhow::Result<(String, String)> {
    let path = fs::canonicalize(path)?;
    let disks = Disks::new_with_refreshed_list()?;
    let holding = disks.iter().filter(|disk| path.starts_with(disk.mount_point()));
    let nearest = holding.max_by_key(|disk| disk.mount_point().components().count());
    // Within a container it may not be told which disk it is.
    let told =
        |text: Option<&OsStr>| text.map_or_else(|| "unknown".into(), |text| text.to_string_lossy().into());
    Ok((told(nearest.map(Disk::name)), told(nearest.map(Disk::file_system))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_done_to_a_copy_is_not_done_to_the_original() {
        let directory = Directory::create(Some(&usual_place().unwrap())).unwrap();
        let original = directory.path().join("home");
        fs::create_dir_all(original.join("nats/jetstream")).unwrap();
        let file = |home: &Path| home.join("nats/jetstream/1.blk");
        fs::write(file(&original), "a log").unwrap();

        let copy = directory.copy_of(&original).await.unwrap();
        assert_eq!(fs::read(file(copy.path())).unwrap(), b"a log");
        fs::write(file(copy.path()), "a longer log").unwrap();
        assert_eq!(fs::read(file(&original)).unwrap(), b"a log");
        let path = copy.path().to_owned();
        drop(copy);
        assert!(!path.exists() && original.exists());
    }
}
