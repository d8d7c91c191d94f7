//! Owner-only permissions of new and of existing files.
//!
//! On systems without Unix permissions, these functions do nothing.

use std::io;
use std::path::Path;

/// Restricts new files of this process to its own user, regardless of the inherited umask.
///
/// The umask belongs to the whole process, so this comes before its first thread.
pub fn restrict_new_files() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
}

/// Counters of files and folders that other users had access to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restricted {
    /// Folders whose permissions were restricted.
    pub folders: u64,
    /// Files whose permissions were restricted.
    pub files: u64,
    /// Files and folders of other users, whose permissions cannot change.
    pub failed: u64,
}

impl Restricted {
    /// Removes other users' access to a file, or to a folder and its descendants.
    ///
    /// Does not follow symbolic links below `path`, which lead elsewhere. Restricts a folder before it
    /// lists the entries, so that no other user exchanges them in between.
    pub fn restrict(&mut self, path: &Path) -> io::Result<()> {
        let metadata = match path.symlink_metadata() {
            Ok(metadata) => metadata,
            // Another process removed it, or it never existed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if metadata.is_dir() {
            self.restrict_folder(path)?;
            for entry in std::fs::read_dir(path)? {
                self.restrict(&entry?.path())?;
            }
        } else if metadata.is_file() {
            self.files += self.close(path, &metadata, 0o600)?;
        }
        Ok(())
    }

    /// Removes the access of other users from a folder alone, following a symbolic link.
    pub fn restrict_folder(&mut self, path: &Path) -> io::Result<()> {
        let metadata = path.metadata()?;
        self.folders += self.close(path, &metadata, 0o700)?;
        Ok(())
    }

    #[cfg(unix)]
    fn close(&mut self, path: &Path, metadata: &std::fs::Metadata, keep: u32) -> io::Result<u64> {
        use std::os::unix::fs::PermissionsExt as _;
        const OTHERS: u32 = 0o077;
        let mode = metadata.permissions().mode();
        if mode & OTHERS == 0 {
            return Ok(0);
        }
        match std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & keep)) {
            Ok(()) => Ok(1),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            // The owner is another user, or the file system is read-only: the caller reports it.
            Err(_) => {
                self.failed += 1;
                Ok(0)
            }
        }
    }

    #[cfg(not(unix))]
    fn close(&mut self, _: &Path, _: &std::fs::Metadata, _: u32) -> io::Result<u64> {
        Ok(0)
    }
}

/// Returns true for a folder that all users share, such as `/tmp`.
pub fn is_shared_folder(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        const STICKY: u32 = 0o1000;
        let is_root = path.canonicalize().is_ok_and(|absolute| absolute.parent().is_none());
        is_root || path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & STICKY != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_is_restricted_with_its_descendants_but_no_target_of_a_link() {
        let home = tempfile::tempdir().unwrap();
        let (folder, elsewhere) = (home.path().join("a"), home.path().join("elsewhere"));
        fs::create_dir_all(folder.join("b")).unwrap();
        for file in [folder.join("1"), folder.join("b/2"), folder.join("b/3"), elsewhere.clone()] {
            fs::write(&file, "").unwrap();
            set_mode(&file, 0o644);
        }
        set_mode(&folder.join("b/3"), 0o755);
        set_mode(&folder, 0o755);
        set_mode(&folder.join("b"), 0o775);
        symlink(&elsewhere, folder.join("link")).unwrap();
        symlink(home.path(), folder.join("up")).unwrap();
        let home_mode = mode(home.path());

        let mut restricted = Restricted::default();
        restricted.restrict(&folder).unwrap();
        assert_eq!(restricted, Restricted { folders: 2, files: 3, failed: 0 });
        assert_eq!([mode(&folder), mode(&folder.join("b"))], [0o700; 2]);
        assert_eq!(
            [folder.join("1"), folder.join("b/2"), folder.join("b/3")].map(|file| mode(&file)),
            [0o600; 3]
        );
        assert_eq!((mode(&elsewhere), mode(home.path())), (0o644, home_mode));

        let mut again = Restricted::default();
        again.restrict(&folder).unwrap();
        again.restrict(&folder.join("missing")).unwrap();
        assert_eq!(again, Restricted::default(), "nothing is left to correct");
    }

    #[test]
    fn a_shared_folder_is_recognized() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_shared_folder(folder.path()));
        set_mode(folder.path(), 0o1777);
        assert!(is_shared_folder(folder.path()) && is_shared_folder(Path::new("/")));
    }
}
