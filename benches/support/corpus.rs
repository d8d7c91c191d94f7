//! The messages of benchmarks: generated ones, and the real ones if their file exists.
//!
//! The generator is part of the clone, so every checkout measures the same generated messages.
//! `REAL_MESSAGES` names the file of the real ones; without it, `../shared/data/messages.json`
//! beside the clone is used.

use std::path::{Path, PathBuf};

/// The number of messages of the real upstream.
pub(crate) const GENERATED: usize = 3_349;

/// Returns the file of the real messages; prints a line if it does not exist.
pub(crate) fn real_messages() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/messages.json");
    let file = std::env::var_os("REAL_MESSAGES").map_or_else(beside, PathBuf::from);
    if file.is_file() {
        return Some(file);
    }
    println!("the real messages are skipped: {} does not exist (set REAL_MESSAGES)", file.display());
    None
}
