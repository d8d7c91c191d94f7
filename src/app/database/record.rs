//! The record of the database that the data folder belongs to.
//!
//! With it, a database that vanished or was exchanged is an error instead of a fresh start.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::data_folder::{DATABASE_FILE, INDEX_FOLDER, absolute, unwritable};
use crate::config::Settings;
use crate::search::SearchEngine;
use crate::store::{Store, sqlite_file, sqlite_log};

/// The way to override the errors below.
const REMEDY: &str = "start once with --allow-new-database (QUARRY_DATABASE__ALLOW_NEW=true)";

/// The record, as it was read, and its data folder.
pub struct DatabaseRecord {
    folder: PathBuf,
    known: Option<KnownDatabase>,
    allow_new: bool,
    sqlite_file: Option<PathBuf>,
    sqlite_log: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KnownDatabase {
    store: Uuid,
    state: DatabaseState,
}

/// The state in which the last server left the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::app) enum DatabaseState {
    /// A server closed it, so its file is complete.
    Closed,
    /// A server has it open, or ended without closing it: it needs its write-ahead log.
    Open,
    /// No server closed it, and its write-ahead log was missing at the next start.
    LogLost,
}

impl DatabaseRecord {
    /// Reads the record of the configured data folder.
    pub(super) fn read(settings: &Settings) -> Result<Self> {
        let folder = absolute(&settings.data_dir);
        let url = settings.database_url.expose();
        Ok(Self {
            known: read(&folder.join(DATABASE_FILE))?,
            folder,
            allow_new: settings.database.allow_new,
            sqlite_file: sqlite_file(url),
            sqlite_log: sqlite_log(url),
        })
    }

    /// The known database, unless the settings allow another one.
    fn required(&self) -> Option<KnownDatabase> {
        self.known.filter(|_| !self.allow_new)
    }

    /// Returns an error, before anything is created, if the file of the known database is missing or empty.
    pub(super) fn require_file(&self) -> Result<()> {
        let (Some(_), Some(file)) = (self.required(), &self.sqlite_file) else { return Ok(()) };
        let found = match file.metadata() {
            Ok(found) if found.len() > 0 => return Ok(()),
            Ok(_) => "is empty",
            Err(error) if error.kind() == io::ErrorKind::NotFound => "is missing",
            // The error of opening it states the reason.
            Err(_) => return Ok(()),
        };
        bail!(
            "the database {} {found}, but {} belongs to a database that was in use: put the file back (with its -wal \
             file), or restore a backup; to begin with an empty database instead, {REMEDY}",
            absolute(file).display(),
            self.folder.display()
        )
    }

    /// Returns an error for another database than the known one, before its schema changes.
    pub(super) async fn require_same(&self, store: &Store) -> Result<()> {
        let Some(known) = self.required() else { return Ok(()) };
        let found = store
            .identity()
            .await
            .context("the database cannot be read: if its file is damaged, restore a backup")?;
        let found = match found {
            Some(found) if found == known.store => return Ok(()),
            Some(_) => "another database than",
            None => "an empty database, not",
        };
        bail!(
            "database_url names {found} the one that {} belongs to: correct database_url, put the database's files \
             back (of SQLite, the -wal file too), or restore a backup; if the change is meant, {REMEDY}",
            self.folder.display()
        )
    }

    /// Returns an error for a SQLite database without its write-ahead log that lacks indexed changes.
    pub(in crate::app) async fn require_log(
        &self,
        store: &Store,
        index: &Arc<dyn SearchEngine>,
    ) -> Result<()> {
        if self.required().is_none_or(|known| known.state != DatabaseState::LogLost) {
            return Ok(());
        }
        // The indexer reports an index that cannot be read.
        let Ok(Some((of, indexed))) = index.applied_through().await else { return Ok(()) };
        if store.store_id().await? != of || store.latest_revision().await? >= indexed {
            return Ok(());
        }
        bail!(
            "the database lacks changes that were acknowledged: it was not closed, and its -wal file is gone; put that \
             back, or restore a backup and delete {}; to continue with the remaining data, {REMEDY}",
            self.folder.join(INDEX_FOLDER).display()
        )
    }

    /// Records a missing write-ahead log before the database is opened, which creates another one.
    pub(super) fn note_lost_log(&mut self) -> Result<()> {
        let is_open = self.known.is_some_and(|known| known.state == DatabaseState::Open);
        if is_open && self.sqlite_log.as_ref().is_some_and(|log| !log.exists()) {
            self.set_state(DatabaseState::LogLost)?;
        }
        Ok(())
    }

    /// Records the identity of a migrated database.
    pub(super) async fn identify(&mut self, store: &Store) -> Result<()> {
        let id = store.store_id().await?;
        if self.known.is_none_or(|known| known.store != id) {
            // Another process may have recorded it in the meantime, with its state.
            self.known = read(&self.file())?;
        }
        if self.known.is_none_or(|known| known.store != id) {
            self.write(KnownDatabase { store: id, state: DatabaseState::Closed })?;
        }
        Ok(())
    }

    /// Records that a server has opened or closed the database.
    pub(in crate::app) fn set_state(&mut self, state: DatabaseState) -> Result<()> {
        // Another process may have changed the record in the meantime.
        self.known = read(&self.file())?;
        match self.known {
            Some(known) if known.state != state => self.write(KnownDatabase { state, ..known }),
            _ => Ok(()),
        }
    }

    /// Deletes the record if the database no longer exists because its migrations were reverted.
    pub async fn forget_if_gone(&mut self, store: &Store) -> Result<()> {
        if store.identity().await?.is_none() && self.known.take().is_some() {
            std::fs::remove_file(self.file())?;
        }
        Ok(())
    }

    fn file(&self) -> PathBuf {
        self.folder.join(DATABASE_FILE)
    }

    /// Replaces the record atomically and durably.
    fn write(&mut self, known: KnownDatabase) -> Result<()> {
        let replace = || -> io::Result<()> {
            std::fs::create_dir_all(&self.folder)?;
            let part = self.folder.join(format!("{DATABASE_FILE}.{}.part", Uuid::new_v4().simple()));
            let mut written = File::create_new(&part)?;
            written.write_all(serde_json::to_string(&known)?.as_bytes())?;
            written.sync_all()?;
            std::fs::rename(&part, self.file())?;
            if cfg!(unix) {
                File::open(&self.folder)?.sync_all()?;
            }
            Ok(())
        };
        replace().with_context(|| unwritable(&self.folder))?;
        self.known = Some(known);
        Ok(())
    }
}

fn read(file: &Path) -> Result<Option<KnownDatabase>> {
    match std::fs::read(file) {
        Ok(text) => serde_json::from_slice(&text).map(Some).with_context(|| {
            format!(
                "{} cannot be read, which names the database of its folder: delete it if database_url is right",
                file.display()
            )
        }),
        // An unusable folder fails at the first write to it, with the reason.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}
