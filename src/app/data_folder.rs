//! The layout of the data folder, and the processes that use it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::config::Settings;
use crate::instance::Instance;

/// The folder of the search index.
pub(super) const INDEX_FOLDER: &str = "index";
/// The folder of the keystroke journal.
pub(super) const JOURNAL_FOLDER: &str = "keystrokes";
/// The folder of the process locks.
pub(super) const INSTANCES_FOLDER: &str = "instances";
/// The file of the database, unless `database_url` names another one.
const EMBEDDED_DATABASE: &str = "quarry.db";
/// The file that identifies the database.
pub(super) const DATABASE_FILE: &str = "store.json";

/// Returns true for the name of a file or folder that quarry creates in its data folder.
pub fn is_own_entry(name: &str) -> bool {
    const DATABASE_SUFFIXES: [&str; 5] = ["", "-wal", "-shm", "-journal", "-lock"];
    let is_database =
        name.strip_prefix(EMBEDDED_DATABASE).is_some_and(|rest| DATABASE_SUFFIXES.contains(&rest));
    // The record of the database is replaced by way of a file beside it.
    let is_record = name
        .strip_prefix(DATABASE_FILE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') && rest.ends_with(".part"));
    is_database || is_record || [INDEX_FOLDER, JOURNAL_FOLDER, INSTANCES_FOLDER].contains(&name)
}

/// Returns a path as errors show it: their readers may be in another folder.
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns an error if the path of the data folder leads to something else.
pub(super) fn require_folder(settings: &Settings) -> Result<()> {
    let folder = absolute(&settings.data_dir);
    match folder.ancestors().find(|path| path.exists()) {
        Some(existing) if !existing.is_dir() => {
            let what = if existing == folder {
                String::new()
            } else {
                format!("{} cannot be created, since ", folder.display())
            };
            bail!("{what}{} is not a folder: choose another data_dir", existing.display())
        }
        _ => Ok(()),
    }
}

/// Registers this process as a user of the data folder.
pub(super) fn register(settings: &Settings) -> Result<Instance> {
    let folder = settings.data_dir.join(INSTANCES_FOLDER);
    Instance::register(&folder).with_context(|| unwritable(&absolute(&settings.data_dir)))
}

/// The message for a data folder that cannot be written to.
pub(super) fn unwritable(folder: &Path) -> String {
    format!("cannot write to {}: choose another data_dir", folder.display())
}

/// Returns an error while a server or a crawl uses the data folder.
///
/// Processes with other data folders remain undetected.
pub fn require_idle(settings: &Settings) -> Result<()> {
    let folder = absolute(&settings.data_dir);
    if Instance::is_any_alive(&folder.join(INSTANCES_FOLDER))? {
        bail!("another quarry process uses {}: stop it first", folder.display());
    }
    Ok(())
}
