//! Liveness of the processes that share a folder.
//!
//! Each process locks a file named after its id as long as it lives; the system releases the lock however
//! the process ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use uuid::Uuid;

/// The minimum age of a removed file: other processes may look for its lock before.
const DEAD_FILE_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// The registration of this process in a folder.
#[derive(Debug)]
pub struct Instance {
    id: Uuid,
    folder: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl Instance {
    /// Registers this process in a folder.
    pub fn register(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        remove_dead(folder)?;
        let id = Uuid::new_v4();
        let file = File::create_new(path(folder, id))?;
        file.lock()?;
        Ok(Self { id, folder: folder.to_owned(), _file: file })
    }

    /// Returns the id of this process.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Returns true if a process that registered in this folder is alive.
    pub fn is_any_alive(folder: &Path) -> io::Result<bool> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        for entry in entries {
            // A process that ends in the meantime removes its file.
            if let Ok(file) = File::open(entry?.path())
                && matches!(file.try_lock(), Err(TryLockError::WouldBlock))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns true if a process registered in this folder and its lock is free.
    ///
    /// A process that registered elsewhere, perhaps on another machine, may be alive.
    pub fn knows_dead(folder: &Path, id: Uuid) -> bool {
        File::open(path(folder, id)).is_ok_and(|file| file.try_lock().is_ok())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A file that stays belongs to a dead process, and its lock is free.
        let _ = std::fs::remove_file(path(&self.folder, self.id));
    }
}

fn path(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(format!("{}.lock", id.simple()))
}

fn remove_dead(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let old = entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > DEAD_FILE_RETENTION);
        if !old || path.extension().is_none_or(|extension| extension != "lock") {
            continue;
        }
        match File::open(&path)?.try_lock() {
            Ok(()) => std::fs::remove_file(&path)?,
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_processes_have_a_file_with_a_free_lock() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Instance::is_any_alive(&folder.path().join("none")).unwrap());
        assert!(!Instance::is_any_alive(folder.path()).unwrap());
        let living = Instance::register(folder.path()).unwrap();
        assert!(Instance::is_any_alive(folder.path()).unwrap());
        assert!(!Instance::knows_dead(folder.path(), living.id()));
        // A killed process leaves its file.
        let dead = Uuid::new_v4();
        std::fs::write(path(folder.path(), dead), "").unwrap();
        assert!(Instance::knows_dead(folder.path(), dead));
        assert!(!Instance::knows_dead(folder.path(), Uuid::new_v4()), "a process may be alive elsewhere");
        drop(living);
        assert!(!Instance::is_any_alive(folder.path()).unwrap());
    }
}
