//! The data folder's memory of the database that it belongs to: one that vanished or was exchanged is an error,
//! and no fresh start.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{INDEX_FOLDER, whole};
use crate::config::Settings;
use crate::search::SearchEngine;
use crate::store::{Store, sqlite_file, sqlite_log};

/// The file that names the database.
pub(super) const MEMORY: &str = "store.json";
/// The way to overrule the refusals below.
const REMEDY: &str = "start once with --allow-new-database (QUARRY_DATABASE__ALLOW_NEW=true)";

/// The data folder's memory of its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    store: Uuid,
    state: State,
}

/// The state in which the last server left the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// A server closed it.
    Closed,
    /// A server has it open, or ended without closing it.
    Open,
    /// A server did not close it, and its write-ahead log was gone at the next start.
    LogLost,
}

/// Refuses, before anything is created, where the database's file is missing or empty although the
/// folder remembers one.
pub(super) fn require_file(settings: &Settings) -> Result<()> {
    if settings.database.allow_new || recall(settings)?.is_none() {
        return Ok(());
    }
    let Some(file) = sqlite_file(settings.database_url.expose()) else { return Ok(()) };
    let found = match file.metadata() {
        Ok(found) if found.len() > 0 => return Ok(()),
        Ok(_) => "is empty",
        Err(error) if error.kind() == io::ErrorKind::NotFound => "is missing",
        // Opening it says why it cannot be used.
        Err(_) => return Ok(()),
    };
    bail!(
        "the database {} {found}, but {} belongs to a database that was in use: put the file back (with its -wal \
         file), or restore a backup; to begin with an empty database instead, {REMEDY}",
        whole(&file).display(),
        whole(&settings.data_dir).display()
    )
}

/// Refuses a database that is not the one that the folder remembers, before its schema is touched.
pub(super) async fn require_same(settings: &Settings, store: &Store) -> Result<()> {
    let Some(memory) = recall(settings)? else { return Ok(()) };
    if settings.database.allow_new {
        return Ok(());
    }
    let found = store
        .identity()
        .await
        .context("the database cannot be read: if its file is damaged, restore a backup")?;
    let found = match found {
        Some(found) if found == memory.store => return Ok(()),
        Some(_) => "another database than",
        None => "an empty database, not",
    };
    bail!(
        "database_url names {found} the one that {} belongs to: correct database_url, put the database's files back \
         (of SQLite, the -wal file too), or restore a backup; if the change is meant, {REMEDY}",
        whole(&settings.data_dir).display()
    )
}

/// Refuses a SQLite database that lost its write-ahead log, where the index has changes that it lacks.
pub(super) async fn require_log(
    settings: &Settings,
    store: &Store,
    index: &Arc<dyn SearchEngine>,
) -> Result<()> {
    let is_lost = recall(settings)?.is_some_and(|memory| memory.state == State::LogLost);
    if !is_lost || settings.database.allow_new {
        return Ok(());
    }
    // What keeps the index from being read, the indexer meets and reports.
    let Ok(Some((of, indexed))) = index.applied_through().await else { return Ok(()) };
    if store.store_id().await? != of || store.latest_revision().await? >= indexed {
        return Ok(());
    }
    bail!(
        "the database lacks changes that were acknowledged: it was not closed, and its -wal file is gone; put that \
         back, or restore a backup and delete {}; to go on with what is left, {REMEDY}",
        whole(&settings.data_dir).join(INDEX_FOLDER).display()
    )
}

/// Notes, before a database is opened, that its write-ahead log is needed and missing: opening it begins
/// another one.
pub(super) fn note_lost_log(settings: &Settings) -> Result<()> {
    let Some(memory) = recall(settings)? else { return Ok(()) };
    let log = sqlite_log(settings.database_url.expose());
    if memory.state == State::Open && log.is_some_and(|log| !log.exists()) {
        write(settings, Memory { state: State::LogLost, ..memory })?;
    }
    Ok(())
}

/// Remembers a database that is complete.
pub(super) async fn remember(settings: &Settings, store: &Store) -> Result<()> {
    let known = recall(settings)?;
    let id = store.store_id().await?;
    if known.is_none_or(|known| known.store != id) {
        write(settings, Memory { store: id, state: State::Closed })?;
    }
    Ok(())
}

/// Remembers that a server has the database open, so that it needs its write-ahead log.
pub(super) fn note_opened(settings: &Settings) -> Result<()> {
    note_state(settings, State::Open)
}

/// Remembers that a server closed the database: the file holds all of it.
pub(super) fn note_closed(settings: &Settings) -> Result<()> {
    note_state(settings, State::Closed)
}

fn note_state(settings: &Settings, state: State) -> Result<()> {
    match recall(settings)? {
        Some(memory) if memory.state != state => write(settings, Memory { state, ..memory }),
        _ => Ok(()),
    }
}

/// Forgets the database, if it is none any more: its migrations were taken back.
pub async fn forget_if_gone(settings: &Settings, store: &Store) -> Result<()> {
    if store.identity().await?.is_none() && recall(settings)?.is_some() {
        std::fs::remove_file(memory_file(settings))?;
    }
    Ok(())
}

fn memory_file(settings: &Settings) -> PathBuf {
    whole(&settings.data_dir).join(MEMORY)
}

fn recall(settings: &Settings) -> Result<Option<Memory>> {
    let file = memory_file(settings);
    match std::fs::read(&file) {
        Ok(text) => {
            let memory = serde_json::from_slice(&text).with_context(|| {
                format!(
                    "{} cannot be read, which names the database of its folder: delete it if database_url is right",
                    file.display()
                )
            })?;
            Ok(Some(memory))
        }
        // Where the folder itself cannot be used, the first write to it fails with the reason.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Replaces the memory in one step that survives a power cut.
fn write(settings: &Settings, memory: Memory) -> Result<()> {
    let file = memory_file(settings);
    let replace = |folder: &Path| -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let part = folder.join(format!("{MEMORY}.{}.part", Uuid::new_v4().simple()));
        let mut written = File::create_new(&part)?;
        written.write_all(serde_json::to_string(&memory)?.as_bytes())?;
        written.sync_all()?;
        std::fs::rename(&part, &file)?;
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    let folder = whole(&settings.data_dir);
    replace(&folder).with_context(|| format!("cannot write to {}: choose another data_dir", folder.display()))
}
