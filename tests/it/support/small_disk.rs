//! A disk that a test fills up: a tmpfs of its own.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The file that takes the room.
const FILLER: &str = "filler";

/// A small file system; taken away when dropped.
pub(crate) struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts one at a folder that is there. None where this process may not mount, which is said once
    /// for each test that is skipped for it.
    pub(crate) fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        let options = format!("size={mebibytes}m,mode=0755");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at);
        let status = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if status.is_ok_and(|status| status.success()) {
            return Some(Self { at: at.to_owned() });
        }
        // Printing macros would be captured, and a closed stream is no failure of a test.
        let _ = io::stderr().write_all(b"skipped: a test of a full disk; this user may not mount a tmpfs\n");
        None
    }

    /// Takes what room is left, to the last byte.
    pub(crate) fn fill(&self) {
        let mut filler =
            File::options().create(true).append(true).open(self.at.join(FILLER)).expect("a file");
        let block = [0_u8; 64 << 10];
        for piece in [&block[..], &block[..4 << 10], &block[..1]] {
            while filler.write_all(piece).is_ok() {}
        }
    }

    /// Gives the room back.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.at.join(FILLER)).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, for a process that is just ending may have its files open.
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}
