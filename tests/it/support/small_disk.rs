//! A small tmpfs that a test can fill.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The file that takes the space.
const FILLER: &str = "filler";

/// A small file system; unmounted when dropped.
pub(crate) struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts a tmpfs at an existing folder; `None` if this process lacks the permission.
    ///
    /// In that case, one line per skipped test reports it.
    pub(crate) fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        let options = format!("size={mebibytes}m,mode=0755");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at);
        let status = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if status.is_ok_and(|status| status.success()) {
            return Some(Self { at: at.to_owned() });
        }
        // The test harness captures printing macros; a closed stream fails no test.
        let _ = io::stderr().write_all(b"skipped: a test of a full disk; this user may not mount a tmpfs\n");
        None
    }

    /// Takes all free space, to the last byte.
    pub(crate) fn fill(&self) {
        let mut filler =
            File::options().create(true).append(true).open(self.at.join(FILLER)).expect("a file");
        let block = [0_u8; 64 << 10];
        for piece in [&block[..], &block[..4 << 10], &block[..1]] {
            while filler.write_all(piece).is_ok() {}
        }
    }

    /// Frees the space.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.at.join(FILLER)).expect("a full disk");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is about to end may have open files.
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}
