//! The file of an embedded database, compared with the opened one.
//!
//! A commit to a deleted file succeeds, but is lost with the process.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::failure::CallFailure;
use super::{Store, StoreError};

/// The suffix of SQLite's write-ahead log.
const LOG_SUFFIX: &str = "-wal";
/// The suffix of the file that processes lock while they use a database.
const LOCK_SUFFIX: &str = "-lock";
/// The suffixes of all files of a database.
const SUFFIXES: [&str; 5] = ["", LOG_SUFFIX, "-shm", "-journal", LOCK_SUFFIX];

/// The file of an open database.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// The identity of the file when it was opened.
    identity: Option<FileIdentity>,
    is_missing: AtomicBool,
    /// The lock that processes with the database share; `None` if not lockable.
    lock: Option<File>,
}

/// Device and inode of a file.
type FileIdentity = (u64, u64);

/// The path of a SQLite file; `None` for in-memory databases and servers.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    let parsed: SqliteConnectOptions = url.starts_with("sqlite:").then(|| url.parse().ok())??;
    (!in_memory).then(|| parsed.get_filename().to_owned())
}

/// The path of a SQLite file's write-ahead log.
pub fn sqlite_log(url: &str) -> Option<PathBuf> {
    sqlite_file(url).map(|database| with_suffix(&database, LOG_SUFFIX))
}

/// The possible paths of all files of a SQLite database.
pub fn sqlite_files(url: &str) -> Vec<PathBuf> {
    sqlite_file(url)
        .map_or_else(Vec::new, |database| SUFFIXES.map(|suffix| with_suffix(&database, suffix)).into())
}

fn with_suffix(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    PathBuf::from(path)
}

impl DatabaseFile {
    /// Records the identity of a newly opened file, and locks it for shared use.
    pub(super) fn opened(path: PathBuf) -> Self {
        let identity = identity(&path);
        let lock = lock_file(&path).ok().filter(|file| file.try_lock_shared().is_ok());
        Self { path, identity, is_missing: AtomicBool::new(false), lock }
    }

    fn is_in_place(&self) -> bool {
        self.identity.is_none() || identity(&self.path) == self.identity
    }
}

impl Store {
    /// Fails if the database's file was deleted or replaced.
    fn check_file(&self) -> Result<(), StoreError> {
        let Some(file) = &self.file else { return Ok(()) };
        let is_missing = !file.is_in_place();
        if file.is_missing.swap(is_missing, Ordering::Relaxed) != is_missing {
            let path = file.path.display().to_string();
            if is_missing {
                tracing::error!(
                    db.file = path,
                    "the database file was deleted or replaced while it was open; all calls fail until it is restored: \
                     put it back, or restart with a complete database"
                );
            } else {
                tracing::warn!(db.file = path, "the database file is back");
            }
        }
        if is_missing {
            let text = format!("its file {} was deleted or replaced while it was open", file.path.display());
            return Err(StoreError::Unavailable(text));
        }
        Ok(())
    }

    /// Fails like [`Store::check_file`], and counts the call as unavailable.
    pub(super) fn check_and_count_file<T>(&self) -> Result<(), StoreError> {
        self.check_file()
            .inspect_err(|error| self.metrics.record::<T>(Some(&Err(CallFailure::Store(error.clone())))))
    }

    /// Returns false if the file of an embedded database is not the one that was opened.
    pub fn is_file_in_place(&self) -> bool {
        self.file.as_ref().is_none_or(|file| file.is_in_place())
    }

    /// Locks the database's file exclusively; false if another process has it open.
    ///
    /// True for database servers, and for files that cannot be locked.
    pub fn lock_exclusively(&self) -> bool {
        let Some(lock) = self.file.as_ref().and_then(|file| file.lock.as_ref()) else { return true };
        // Some systems do not upgrade a shared lock.
        let _ = lock.unlock();
        !matches!(lock.try_lock(), Err(TryLockError::WouldBlock))
    }
}

fn lock_file(database: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(with_suffix(database, LOCK_SUFFIX))
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<FileIdentity> {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().ok().map(|found| (found.dev(), found.ino()))
}

/// Other systems neither delete nor replace open files.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<FileIdentity> {
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
