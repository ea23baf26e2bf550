//! The file of a view, or of the snapshots: judged, thrown away, opened.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tracing::warn;

use crate::fault;

/// Readers of one file that read at the same time; each is a thread while it is in use.
const READERS: u32 = 4;

/// Pages that each of them keeps for itself, as SQLite wants it said: KiB, negated. There are many, and
/// what they share is in the system's memory anyway.
const READER_CACHE: &str = "-256";

/// How long somebody waits for another who has locked the file.
pub(crate) const BUSY: Duration = Duration::from_secs(5);

/// What SQLite keeps beside a file while it is open, and the file.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// Which files these are: device and inode, as long as they exist.
pub(crate) type Identity = [Option<(u64, u64)>; PARTS.len()];

/// The SQL that a file should have been made by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Maker<'a> {
    /// What the file says of it, if it is one of ours: asks for one text.
    pub query: &'static str,
    /// What it should say.
    pub sql: &'a str,
}

/// Whether the file holds a sound database that was made as it should be. Says so if it does not.
pub(crate) async fn is_usable(path: &Path, maker: Maker<'_>) -> Result<bool, sqlx::Error> {
    if !path.try_exists()? {
        return Ok(false);
    }
    let complaint = match inspect(path, maker).await {
        Ok(None) => return Ok(true),
        Ok(Some(complaint)) => complaint,
        Err(error) if fault::is_unsound(&error) => error.to_string(),
        Err(error) => return Err(error),
    };
    warn!(file = %path.display(), %complaint, "a file is thrown away and built anew");
    Ok(false)
}

async fn inspect(path: &Path, maker: Maker<'_>) -> Result<Option<String>, sqlx::Error> {
    let mut connection = options(path).connect().await?;
    let complaint = complaint(&mut connection, maker).await;
    connection.close().await?; // and waited for: closed later, it would remove the next file's journal
    complaint
}

async fn complaint(
    connection: &mut SqliteConnection,
    maker: Maker<'_>,
) -> Result<Option<String>, sqlx::Error> {
    let check: String = sqlx::query_scalar("pragma quick_check(1)").fetch_one(&mut *connection).await?;
    if check != "ok" {
        return Ok(Some(check));
    }
    let recorded: Option<String> = sqlx::query_scalar(maker.query).fetch_optional(connection).await?;
    let same = recorded.is_some_and(|recorded| recorded == maker.sql);
    Ok((!same).then(|| "its tables were made by other SQL".into()))
}

/// Tells whether the files at `path` are still those that were opened: SQLite does not look again.
pub(crate) fn identity(path: &Path) -> io::Result<Identity> {
    let mut identity = Identity::default();
    for (part, suffix) in identity.iter_mut().zip(PARTS) {
        *part = match fs::metadata(beside(path, suffix)) {
            Ok(file) => Some((file.dev(), file.ino())),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
    }
    Ok(identity)
}

/// Removes the file and what SQLite keeps beside it.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for suffix in PARTS {
        match fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The connections that read.
pub(crate) fn readers(path: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .test_before_acquire(false)
        .connect_lazy_with(options(path).read_only(true).pragma("cache_size", READER_CACHE))
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false)
        .busy_timeout(BUSY)
        .disable_statement_logging() // the view's faults name what failed
}
