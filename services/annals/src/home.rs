//! The directory that keeps everything. It belongs to one process at a time.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tempfile::TempDir;

use crate::cli::Up;

/// A data directory, locked for as long as this value lives.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    _lock: File,
    _temporary: Option<TempDir>,
}

impl Home {
    /// Opens what the options name.
    pub(crate) fn open(options: &Up) -> anyhow::Result<Self> {
        let temporary = options.ephemeral.then(TempDir::new).transpose()?;
        let path = temporary.as_ref().map_or(options.data.as_path(), TempDir::path).to_owned();
        let lock = lock(&path)?;
        Ok(Self { path, _lock: lock, _temporary: temporary })
    }

    /// Everything that nats-server keeps.
    pub(crate) fn nats(&self) -> PathBuf {
        self.path.join("nats")
    }

    /// The read models.
    pub(crate) fn views(&self) -> PathBuf {
        self.path.join("views")
    }

    /// What the command service keeps of the log.
    pub(crate) fn state(&self) -> PathBuf {
        self.path.join("state")
    }

    /// The directory itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn lock(directory: &Path) -> anyhow::Result<File> {
    fs::create_dir_all(directory).with_context(|| format!("{} cannot be created", directory.display()))?;
    let path = directory.join("annals.lock");
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            bail!("{} is in use by another Annals (process {})", directory.display(), holder.trim());
        }
        Err(TryLockError::Error(error)) => return Err(error).context("the data directory cannot be locked"),
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_belongs_to_one_process_and_the_second_is_told_which() {
        let directory = TempDir::new().unwrap();
        let first = lock(directory.path()).unwrap();

        let refused = lock(directory.path()).unwrap_err().to_string();
        assert!(refused.contains(&format!("process {}", std::process::id())), "{refused}");

        drop(first);
        lock(directory.path()).unwrap();
    }
}
