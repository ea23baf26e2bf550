//! Where a bench keeps its data: on a real disk, and only as long as it lasts.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use sysinfo::Disks;
use tempfile::TempDir;

/// On these nothing is ever on disk, and so every figure would be a fairy tale.
const MEMORY: [&str; 2] = ["tmpfs", "ramfs"];

/// A directory of the bench's own. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Directory {
    temporary: TempDir,
    /// `ext4`.
    pub file_system: String,
    /// `/dev/vda`.
    pub device: String,
}

impl Directory {
    /// Makes one, in `parent` or where there is room for it.
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
        let directory = tempfile::Builder::new().prefix("annals-bench-").tempdir_in(&parent);
        let directory = directory.with_context(|| format!("{} cannot be written to", parent.display()))?;
        Ok(Self { temporary: directory, file_system, device })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// A directory in it that nobody has used before.
    pub(crate) fn fresh(&self) -> anyhow::Result<TempDir> {
        Ok(TempDir::new_in(self.path())?)
    }
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
    let disk = nearest.with_context(|| format!("it cannot be told which disk {} is on", path.display()))?;
    Ok((disk.name().to_string_lossy().into(), disk.file_system().to_string_lossy().into()))
}
