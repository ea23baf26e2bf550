//! The directory where a projector keeps its views.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    process,
    thread::sleep,
    time::Duration,
};

use annals_core::Projection;
use thiserror::Error;
use tracing::info;
use uuid::Uuid;

use crate::file;

/// A lock that has been given up may be held for a moment longer: by a process that was being started
/// meanwhile, and still has copies of all files of the one that starts it.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// A directory of views, locked for the life of this value.
///
/// It may be deleted while nobody has it open: views are built anew from the log, under a new copy id.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    copy: String,
    _lock: File,
}

/// Why a directory of views cannot be used.
#[derive(Debug, Error)]
pub enum DirectoryError {
    /// Two processes in one directory would write the same files.
    #[error("{} is in use by another process: {holder}", path.display())]
    Held {
        /// The directory.
        path: PathBuf,
        /// The other's process id, as it wrote it down.
        holder: String,
    },
    /// It could not be created, read or written.
    #[error("{} cannot be used: {source}", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Directory {
    /// Takes the directory for this process, and creates it if it is missing.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, DirectoryError> {
        let path = path.into();
        let lock = take(&path)?;
        let copy = copy(&path).map_err(|source| unusable(&path, source))?;
        Ok(Self { path, copy, _lock: lock })
    }

    /// Names this copy of the views among all projectors' copies. Drawn when the directory is new.
    #[must_use]
    pub fn copy(&self) -> &str {
        &self.copy
    }

    /// Removes the files of views and versions that are not among `projections`, and says so. What is
    /// not named as our files are stays.
    pub fn tidy<'a>(
        &self,
        projections: impl IntoIterator<Item = &'a Projection>,
    ) -> Result<(), DirectoryError> {
        let kept: HashSet<_> = projections.into_iter().map(name).collect();
        let removed = self.remove_others(&kept);
        let removed = removed.map_err(|source| unusable(&self.path, source))?;
        if !removed.is_empty() {
            info!("removed the files of views that are no longer kept: {}", removed.join(", "));
        }
        Ok(())
    }

    fn remove_others(&self, kept: &HashSet<String>) -> io::Result<Vec<String>> {
        let mut removed = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if is_ours(&name) && !kept.contains(&name) && entry.file_type()?.is_file() {
                file::remove(&entry.path())?;
                removed.push(name);
            }
        }
        removed.sort_unstable();
        Ok(removed)
    }

    /// Throws the file of a view away, which must not be open: the log gives it all again.
    pub fn discard(&self, projection: &Projection) -> Result<(), DirectoryError> {
        let removed = file::remove(&self.file(projection));
        removed.map_err(|source| unusable(&self.path, source))
    }

    pub(crate) fn file(&self, projection: &Projection) -> PathBuf {
        self.path.join(name(projection))
    }
}

fn name(projection: &Projection) -> String {
    format!("{}@{}.db", projection.view, projection.version)
}

/// Whether a file is named as that of a view: a kebab-case name, `@`, a version, `.db`.
fn is_ours(name: &str) -> bool {
    let parts = name.strip_suffix(".db").and_then(|name| name.split_once('@'));
    parts.is_some_and(|(view, version)| {
        let kebab = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        !view.is_empty() && view.bytes().all(kebab) && version.parse::<u32>().is_ok()
    })
}

fn unusable(path: &Path, source: io::Error) -> DirectoryError {
    DirectoryError::Unusable { path: path.into(), source }
}

/// Takes a directory for this process, as long as the file is open, and creates it if it is missing.
pub(crate) fn take(directory: &Path) -> Result<File, DirectoryError> {
    let path = directory.join("lock");
    let taken = fs::create_dir_all(directory).and_then(|()| lock(&path));
    match taken {
        Err(error) if error.kind() == ErrorKind::WouldBlock => {
            let holder = fs::read_to_string(path).map_err(|source| unusable(directory, source))?;
            Err(DirectoryError::Held { path: directory.into(), holder })
        }
        taken => taken.map_err(|source| unusable(directory, source)),
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let mut file = File::options().create(true).truncate(false).write(true).open(path)?;
    let mut tries = 1;
    while let Err(held) = file.try_lock() {
        if tries == TRIES {
            return Err(held.into());
        }
        tries += 1;
        sleep(PAUSE);
    }
    file.set_len(0)?; // what a former holder wrote
    write!(file, "{}", process::id())?;
    Ok(file)
}

fn copy(directory: &Path) -> io::Result<String> {
    let path = directory.join("copy");
    match fs::read_to_string(&path) {
        Ok(text) if Uuid::try_parse(&text).is_ok() => return Ok(text),
        Ok(_) => {} // cut short, or not ours
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }

    // Renamed into place, so that a crash leaves all of it or nothing.
    let text = Uuid::now_v7().simple().to_string();
    let draft = directory.join("copy.new");
    let mut file = File::create(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)?;
    Ok(text)
}
