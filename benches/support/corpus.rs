//! The messages that benchmarks measure: generated ones always, the real ones where their file is.
//!
//! The generator is part of the clone, so every checkout measures the same generated messages.
//! `REAL_MESSAGES` names the file of the real ones; without it, `../shared/data/messages.json`
//! beside the clone is tried.

use std::path::{Path, PathBuf};

/// As many as the real upstream has.
pub(crate) const GENERATED: usize = 3_349;

/// The file of the real messages; without one, a line says that they are skipped.
pub(crate) fn real_messages() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/messages.json");
    let file = std::env::var_os("REAL_MESSAGES").map_or_else(beside, PathBuf::from);
    if file.is_file() {
        return Some(file);
    }
    println!("the real messages are skipped: {} is no file (set REAL_MESSAGES)", file.display());
    None
}
