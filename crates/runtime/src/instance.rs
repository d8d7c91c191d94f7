//! Tells processes on one data folder apart, and live ones from dead ones.
//!
//! Each process locks a file named after its id for as long as it lives; the system gives the
//! lock back however the process ends. Knows nothing of what the processes do.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use uuid::Uuid;

/// This process's place in a folder.
#[derive(Debug)]
pub struct Instance {
    id: Uuid,
    folder: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl Instance {
    /// Makes this process known in a folder.
    pub fn register(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        remove_dead(folder)?;
        let id = Uuid::new_v4();
        let file = File::create_new(path(folder, id))?;
        file.lock()?;
        Ok(Self { id, folder: folder.to_owned(), _file: file })
    }

    /// Names this process among all.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Whether a process that registered in this folder lives.
    pub fn is_any_alive(folder: &Path) -> io::Result<bool> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        for entry in entries {
            // One that is gone meanwhile belonged to a process that ended.
            if let Ok(file) = File::open(entry?.path())
                && matches!(file.try_lock(), Err(TryLockError::WouldBlock))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a process is known to be dead: it was registered in this folder, and its lock is
    /// free. Of a process that registered elsewhere nothing is known.
    pub fn knows_dead(folder: &Path, id: Uuid) -> bool {
        File::open(path(folder, id)).is_ok_and(|file| file.try_lock().is_ok())
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // A file that stays is taken for that of a dead process, which is the truth.
        let _ = std::fs::remove_file(path(&self.folder, self.id));
    }
}

fn path(folder: &Path, id: Uuid) -> PathBuf {
    folder.join(format!("{}.lock", id.simple()))
}

/// The age at which the file of a dead process is removed: until then others may ask for it.
const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

fn remove_dead(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let old = entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > KEPT);
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
    fn a_dropped_lock_tells_the_dead_from_the_living() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!Instance::is_any_alive(&folder.path().join("none")).unwrap());
        assert!(!Instance::is_any_alive(folder.path()).unwrap());
        let living = Instance::register(folder.path()).unwrap();
        assert!(Instance::is_any_alive(folder.path()).unwrap());
        assert!(!Instance::knows_dead(folder.path(), living.id()));
        // A killed process leaves its file with a free lock.
        let dead = Uuid::new_v4();
        std::fs::write(path(folder.path(), dead), "").unwrap();
        assert!(Instance::knows_dead(folder.path(), dead));
        assert!(!Instance::knows_dead(folder.path(), Uuid::new_v4()), "a stranger may be alive elsewhere");
        drop(living);
        assert!(!Instance::is_any_alive(folder.path()).unwrap());
    }
}
