//! The folder of the demo, which is emptied at each start, but never of files of others.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::{MESSAGES, PRODUCTS};
use crate::app;
use crate::config::Settings;
use crate::domain::SourceName;

/// The file by which the demo recognizes its folder.
const MARKER: &str = "demo.txt";
/// The text of the file, for its readers.
const MARKER_TEXT: &str = "`quarry demo` created this folder, and deletes its data at the next start.\n";

/// Creates the folder, or empties that of an earlier demo.
pub(super) async fn prepare(settings: &Settings) -> Result<()> {
    let folder = app::absolute(&settings.data_dir);
    let unusable = || format!("cannot empty {}: choose another --data-dir", folder.display());
    let entries = entries(&folder).with_context(unusable)?;
    if let Some(foreign) = entries.iter().find(|name| *name != MARKER && !app::is_own_entry(name)) {
        bail!(
            "the demo empties its folder, but did not create {}: move it elsewhere, or choose another --data-dir",
            folder.join(foreign).display()
        );
    }
    // A demo with another address may be running.
    app::require_idle(settings).context("the demo empties its folder: choose another --data-dir")?;
    let is_known = entries.is_empty() || entries.iter().any(|name| name == MARKER);
    if !is_known && !is_of_earlier_version(settings).await {
        bail!(
            "the demo empties its folder, but {} may hold the data of a server: choose another --data-dir, or delete \
             the folder if only demos used it",
            folder.display()
        );
    }
    fs::create_dir_all(&folder).with_context(unusable)?;
    fs::write(folder.join(MARKER), MARKER_TEXT).with_context(unusable)?;
    entries
        .iter()
        .filter(|name| *name != MARKER)
        .try_for_each(|name| remove(&folder.join(name)))
        .with_context(unusable)
}

/// The names in a folder, none if it does not exist.
fn entries(folder: &Path) -> std::io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        // Closing the database removes some of its files.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Recognizes the folder of a demo that wrote no marker yet by its documents.
async fn is_of_earlier_version(settings: &Settings) -> bool {
    if app::require_database(settings).is_err() {
        return false;
    }
    let Ok((store, _)) = app::connect_store(settings).await else { return false };
    let sources = store.sources().await.unwrap_or_default();
    let counts = store.document_counts_of_sources(&sources).await.unwrap_or_default();
    // Its files are deleted or left; neither needs the last state.
    drop(store.close().await);
    counts == expected_counts(settings)
}

/// The numbers of documents of a demo.
fn expected_counts(settings: &Settings) -> HashMap<SourceName, i64> {
    let counts = [MESSAGES, PRODUCTS].map(|count| i64::try_from(count).unwrap_or(i64::MAX));
    settings.sources.contents().map(|source| source.name.clone()).zip(counts).collect()
}
