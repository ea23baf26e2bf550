//! A directory of one process, and whether what it holds can be trusted.
//!
//! Nothing is synced while the store is open. A process may be killed at any time: what it wrote is in the system's
//! memory and gets to the disk. If the machine stops, any part of it may be missing, and no check of SQLite's finds a
//! state that is merely old. So the directory holds, on disk, the id of the boot in which it was opened, until it is
//! closed and synced. Whoever finds the id of another boot throws the file away.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    process,
    thread::sleep,
    time::Duration,
};

use uuid::Uuid;

/// How often, and after which pause, a lock is tried that another process may be about to give up.
const LOCK_TRIES: u32 = 20;
const LOCK_INTERVAL: Duration = Duration::from_millis(25);

/// Changes whenever the machine is started.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What stands there instead of a boot's id.
const CLOSED: &str = "closed";
const DAMAGED: &str = "damaged";

/// A directory, locked as long as this value lives.
#[derive(Debug)]
pub(super) struct Slot {
    path: PathBuf,
    _lock: File,
}

impl Slot {
    /// Takes the first free one of those that are there, or makes another one.
    pub fn take(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        for _ in 0..LOCK_TRIES {
            let numbers = numbers(parent)?;
            if numbers.is_empty() {
                break;
            }
            for number in numbers {
                if let Some(slot) = Self::try_take(parent, number)? {
                    return Ok(slot);
                }
            }
            sleep(LOCK_INTERVAL);
        }
        for number in 0..=u32::MAX {
            if let Some(slot) = Self::try_take(parent, number)? {
                return Ok(slot);
            }
        }
        Err(ErrorKind::WouldBlock.into())
    }

    fn try_take(parent: &Path, number: u32) -> io::Result<Option<Self>> {
        let path = parent.join(number.to_string());
        fs::create_dir_all(&path)?;
        let mut lock = File::options().create(true).truncate(false).write(true).open(path.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        lock.set_len(0)?; // what a former owner wrote
        write!(lock, "{}", process::id())?;
        Ok(Some(Self { path, _lock: lock }))
    }

    /// The file of the store.
    pub fn database(&self) -> PathBuf {
        self.path.join("states.db")
    }

    /// Why the file must not be trusted, if so.
    pub fn distrust(&self) -> io::Result<Option<String>> {
        Ok(match self.read_session()?.as_str() {
            CLOSED => None,
            DAMAGED => Some("it was found to be damaged".into()),
            boot if boot == boot_id() => None,
            _ => {
                Some("the machine was stopped before the file was closed: a part of it may be missing".into())
            }
        })
    }

    /// From here on the file is not synced.
    pub fn begin(&self) -> io::Result<()> {
        self.write_session(&boot_id())
    }

    /// The file is closed, and all of it is on disk.
    pub fn end(&self) -> io::Result<()> {
        if self.read_session()? == DAMAGED {
            return Ok(());
        }
        File::open(self.database())?.sync_all()?;
        self.write_session(CLOSED)
    }

    /// The file is to be thrown away when it is opened again.
    pub fn condemn(&self) -> io::Result<()> {
        self.write_session(DAMAGED)
    }

    fn session(&self) -> PathBuf {
        self.path.join("session")
    }

    fn read_session(&self) -> io::Result<String> {
        match fs::read_to_string(self.session()) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            session => session,
        }
    }

    /// Renamed into place, so that a crash leaves all of it or nothing.
    fn write_session(&self, text: &str) -> io::Result<()> {
        let draft = self.path.join("session.new");
        let mut file = File::create(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(draft, self.session())?;
        File::open(&self.path)?.sync_all()
    }
}

/// The directories that are there.
fn numbers(parent: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(parent)? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Where it cannot be told, every boot is another one.
fn boot_id() -> String {
    fs::read_to_string(BOOT_ID).map_or_else(|_| Uuid::now_v7().to_string(), |text| text.trim().to_owned())
}
