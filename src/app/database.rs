//! Opens the store, if it is the database that the data folder belongs to.

mod record;

use anyhow::{Context, Result, bail};
use tracing::info;

pub use self::record::DatabaseRecord;
pub(super) use self::record::DatabaseState;
use super::{data_folder, permissions};
use crate::config::Settings;
use crate::store::{Store, sqlite_file};

/// Connects to the database and applies pending migrations.
pub async fn open_store(settings: &Settings) -> Result<(Store, DatabaseRecord)> {
    let (store, mut record) = connect_store(settings).await?;
    let applied =
        store.migrate_up(None).await.context("the database's schema cannot be brought up to date")?;
    if applied > 0 {
        info!(migrations = applied, "the database's schema is up to date");
    }
    record.identify(&store).await?;
    for source in settings.sources.contents() {
        store.register_source(source.name).await?;
    }
    Ok((store, record))
}

/// Connects to the database without migrating it.
pub async fn connect_store(settings: &Settings) -> Result<(Store, DatabaseRecord)> {
    data_folder::require_folder(settings)?;
    permissions::restrict(settings);
    let mut record = DatabaseRecord::read(settings)?;
    record.require_file()?;
    record.note_lost_log()?;
    let url = settings.database_url.expose();
    let store = match Store::connect(url, settings.database.max_connections).await {
        Ok(store) => store,
        Err(error) => {
            // Unless the settings name another one, the database is a file of the data folder.
            if sqlite_file(url).is_some_and(|file| file.starts_with(&settings.data_dir)) {
                data_folder::register(settings)?;
            }
            return Err(error)
                .context("cannot open the database: check database_url (`quarry config` shows it)");
        }
    };
    record.require_same(&store).await?;
    Ok((store, record))
}

/// Connects to a database that has the schema of this version.
///
/// It creates no file.
pub async fn connect_migrated_store(settings: &Settings) -> Result<Store> {
    require_database(settings)?;
    let (store, _) = connect_store(settings).await?;
    let migrations = store.migration_status().await?;
    if migrations.iter().all(|migration| !migration.applied) {
        bail!("the database has no tables of quarry: check database_url (`quarry config` shows it)");
    }
    if migrations.iter().any(|migration| !migration.applied) {
        bail!("the database's schema is that of an earlier version: run `quarry migrate up` first");
    }
    Ok(store)
}

/// Returns an error if the database is a file that does not exist.
pub fn require_database(settings: &Settings) -> Result<()> {
    data_folder::require_folder(settings)?;
    let file = sqlite_file(settings.database_url.expose());
    if let Some(file) = file.filter(|file| !file.exists()) {
        // A database that vanished has another remedy.
        DatabaseRecord::read(settings)?.require_file()?;
        bail!(
            "there is no database at {}: run the command in the folder of the server, set --data-dir as for the \
             server, or create a database (`quarry migrate up`)",
            data_folder::absolute(&file).display()
        );
    }
    Ok(())
}

/// Returns an error while a process with another data folder has the same SQLite file open.
///
/// Other users of a database server remain undetected.
pub fn require_sole_use(store: &Store) -> Result<()> {
    if !store.lock_exclusively() {
        bail!("another quarry process uses this database, with another data_dir: stop it first");
    }
    Ok(())
}
