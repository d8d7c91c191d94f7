//! Owner-only permissions, of files that a process creates and of files that are there already.
//!
//! On systems without such permissions, nothing happens. Independent of the files' content.

use std::io;
use std::path::Path;

/// Restricts what this process creates from now on to its own user, whatever umask it inherited.
///
/// The umask belongs to the whole process, so this comes before its first thread.
pub fn restrict_new_files() {
    #[cfg(unix)]
    {
        use rustix::fs::Mode;
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
}

/// Counts of files and folders that other users had access to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Restricted {
    /// Folders that are closed to others now.
    pub folders: u64,
    /// Files that are closed to others now.
    pub files: u64,
    /// Files and folders that stay open to others: they belong to another user.
    pub failed: u64,
}

impl Restricted {
    /// Takes the access of others from a file, or from a folder and all that is below it.
    ///
    /// Symbolic links below `path` are not followed: what they name is elsewhere. The folder is closed
    /// before its entries are looked at, so no other user exchanges them in the meantime.
    pub fn restrict(&mut self, path: &Path) -> io::Result<()> {
        let found = match path.symlink_metadata() {
            Ok(found) => found,
            // Another process removed it, or it was never there.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if found.is_dir() {
            self.restrict_folder(path)?;
            for entry in std::fs::read_dir(path)? {
                self.restrict(&entry?.path())?;
            }
        } else if found.is_file() {
            self.files += self.close(path, &found, 0o600)?;
        }
        Ok(())
    }

    /// Takes the access of others from a folder alone; where `path` is a link, from what it names.
    pub fn restrict_folder(&mut self, path: &Path) -> io::Result<()> {
        let found = path.metadata()?;
        self.folders += self.close(path, &found, 0o700)?;
        Ok(())
    }

    #[cfg(unix)]
    fn close(&mut self, path: &Path, found: &std::fs::Metadata, keep: u32) -> io::Result<u64> {
        use std::os::unix::fs::PermissionsExt as _;
        const OTHERS: u32 = 0o077;
        let mode = found.permissions().mode();
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

/// Detects a folder that all users share, such as `/tmp`: closing it would lock the others out.
pub fn is_shared_folder(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        const STICKY: u32 = 0o1000;
        let is_root = path.canonicalize().is_ok_and(|whole| whole.parent().is_none());
        is_root || path.metadata().is_ok_and(|found| found.permissions().mode() & STICKY != 0)
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

    fn open_up(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_is_closed_with_all_below_it_and_nothing_that_links_name() {
        let home = tempfile::tempdir().unwrap();
        let (folder, elsewhere) = (home.path().join("a"), home.path().join("elsewhere"));
        fs::create_dir_all(folder.join("b")).unwrap();
        for file in [folder.join("1"), folder.join("b/2"), folder.join("b/3"), elsewhere.clone()] {
            fs::write(&file, "").unwrap();
            open_up(&file, 0o644);
        }
        open_up(&folder.join("b/3"), 0o755);
        open_up(&folder, 0o755);
        open_up(&folder.join("b"), 0o775);
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
    fn a_folder_of_all_users_is_recognized() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_shared_folder(folder.path()));
        open_up(folder.path(), 0o1777);
        assert!(is_shared_folder(folder.path()) && is_shared_folder(Path::new("/")));
    }
}
