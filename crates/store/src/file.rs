//! The file of an embedded database, watched: what goes into a file that was deleted is lost with
//! the process, however well it is committed.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::failure::Failure;
use super::{Store, StoreError};

/// Ends the name of SQLite's write-ahead log.
const LOG: &str = "-wal";
/// Ends the name of the file that processes lock for as long as they use a database.
const LOCK: &str = "-lock";
/// Ends of the names of all files of a database.
const FILES: [&str; 5] = ["", LOG, "-shm", "-journal", LOCK];

/// The file of an open database.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// The system's name for the file when it was opened.
    identity: Option<Identity>,
    gone: AtomicBool,
    /// Shared with the other processes that use the database; unknown where it cannot be made.
    lock: Option<File>,
}

/// Device and number of a file.
type Identity = (u64, u64);

/// The path of a database in a file; none of a database in memory or on a server.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    let parsed: SqliteConnectOptions = url.starts_with("sqlite:").then(|| url.parse().ok())??;
    (!in_memory).then(|| parsed.get_filename().to_owned())
}

/// The path of such a database's write-ahead log.
pub fn sqlite_log(url: &str) -> Option<PathBuf> {
    sqlite_file(url).map(|database| beside(&database, LOG))
}

/// The paths of all files that belong to such a database, whether they are there or not.
pub fn sqlite_files(url: &str) -> Vec<PathBuf> {
    sqlite_file(url).map_or_else(Vec::new, |database| FILES.map(|end| beside(&database, end)).into())
}

fn beside(database: &Path, end: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(end);
    PathBuf::from(path)
}

impl DatabaseFile {
    /// The file that a database has just been opened in.
    pub(super) fn opened(path: PathBuf) -> Self {
        let identity = identity(&path);
        let lock = lock_file(&path).ok().filter(|file| file.try_lock_shared().is_ok());
        Self { path, identity, gone: AtomicBool::new(false), lock }
    }

    fn is_in_place(&self) -> bool {
        self.identity.is_none() || identity(&self.path) == self.identity
    }
}

impl Store {
    /// Fails where the database's file was deleted, or another one is in its place.
    fn check_file(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        let is_gone = !file.is_in_place();
        if file.gone.swap(is_gone, Ordering::Relaxed) != is_gone {
            let path = file.path.display().to_string();
            if is_gone {
                tracing::error!(
                    db.file = path,
                    "the database file was deleted or replaced while it was open: nothing is acknowledged any more; put \
                     it back, or restart on a database that is complete"
                );
            } else {
                tracing::warn!(db.file = path, "the database file is back");
            }
        }
        if is_gone {
            let text = format!("its file {} was deleted or replaced while it was open", file.path.display());
            return Err(StoreError::Unavailable(text));
        }
        Ok(())
    }

    /// The same, counted as a call that the database did not answer.
    pub(super) fn note_file<T>(&self) -> Result<(), StoreError> {
        self.check_file()
            .inspect_err(|error| self.metrics.record::<T>(Some(&Err(Failure::Store(error.clone())))))
    }

    /// Compares the file that holds the database, if one does, with the one that was opened.
    pub fn is_file_in_place(&self) -> bool {
        self.file.as_ref().is_none_or(|file| file.is_in_place())
    }

    /// Keeps other processes' use of the database's file out of the way: false where one has it open. Of a
    /// database server, and where a file cannot be locked, nothing is known.
    pub fn lock_alone(&self) -> bool {
        let Some(lock) = self.file.as_ref().and_then(|file| file.lock.as_ref()) else { return true };
        // Not every system turns a shared lock into an exclusive one.
        let _ = lock.unlock();
        !matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
    }
}

fn lock_file(database: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(beside(database, LOCK))
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().ok().map(|found| (found.dev(), found.ino()))
}

/// Elsewhere an open file can be neither deleted nor replaced.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_have_a_path() {
        let path = |url| sqlite_file(url).map(|path| path.display().to_string());
        assert_eq!(path("sqlite://data/quarry.db").as_deref(), Some("data/quarry.db"));
        assert_eq!(path("sqlite:///var/quarry.db?mode=rwc").as_deref(), Some("/var/quarry.db"));
        for url in ["sqlite::memory:", "sqlite://x?mode=memory", "postgres://localhost/x", "mysql://h/x", ""]
        {
            assert_eq!(path(url), None, "{url}");
        }
    }
}
