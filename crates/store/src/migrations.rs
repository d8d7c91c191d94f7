//! Applying and taking back migrations, by one process at a time.

use migration::{MigrationStatus as Status, Migrator, MigratorTrait};
use quarry_runtime::boxed;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, Statement};
use uuid::Uuid;

use super::entity::store_identity;
use super::failure::Failure;
use super::{MigrationStatus, Store, StoreError};

/// Names the lock that migrating processes take on PostgreSQL ("quarry" in ASCII).
const POSTGRES_LOCK: i64 = 0x7175_6172_7279;
/// The same on MySQL, where a lock is known to every database of the server.
const MYSQL_LOCK: &str = "CONCAT('quarry.migrate.', MD5(DATABASE()))";
/// How long a process waits on MySQL for another one that is migrating, in seconds.
const MYSQL_LOCK_SECONDS: u32 = 600;

impl Store {
    /// Applies all pending migrations (or `steps` of them); returns how many were applied.
    ///
    /// Of several processes that start at once on a new database, one migrates and the others
    /// wait for it.
    #[boxed]
    pub async fn migrate_up(&self, steps: Option<u32>) -> Result<usize, StoreError> {
        self.write(Direction::Up(steps), |store, direction| Box::pin(store.migrate(*direction))).await
    }

    /// Takes back the latest `steps` migrations; returns how many were taken back.
    #[boxed]
    pub async fn migrate_down(&self, steps: u32) -> Result<usize, StoreError> {
        self.write(Direction::Down(steps), |store, direction| Box::pin(store.migrate(*direction))).await
    }

    /// Every known migration, oldest first.
    #[boxed]
    pub async fn migration_status(&self) -> Result<Vec<MigrationStatus>, StoreError> {
        self.read(|database| async move {
            let migrations = Migrator::get_migration_with_status_read_only(&database).await?;
            Ok(migrations
                .iter()
                .map(|migration| MigrationStatus {
                    name: migration.name().to_owned(),
                    applied: migration.status() == Status::Applied,
                })
                .collect())
        })
        .await
    }

    /// Made up when the database was first migrated: tells one database from another.
    #[boxed]
    pub async fn store_id(&self) -> Result<Uuid, StoreError> {
        self.read(|database| async move {
            let row = store_identity::Entity::find().one(&database).await?;
            let row = row.ok_or_else(|| Failure::unreadable("store id"))?;
            Uuid::parse_str(&row.store_id).map_err(|_| Failure::unreadable("store id"))
        })
        .await
    }

    /// The store's id as it is found; none in a database without quarry's tables.
    #[boxed]
    pub async fn identity(&self) -> Result<Option<Uuid>, StoreError> {
        let is_migrated = self.migration_status().await?.iter().any(|migration| migration.applied);
        if is_migrated { Ok(Some(self.store_id().await?)) } else { Ok(None) }
    }

    async fn migrate(&self, direction: Direction) -> Result<usize, Failure> {
        // On MySQL, where changes of the schema are no part of a transaction, this one still
        // keeps to one connection, which is what holds the lock.
        let transaction = self.begin().await?;
        lock(&transaction).await?;
        let moved = shift(&transaction, direction).await;
        unlock(&transaction).await?;
        let moved = moved?;
        transaction.commit().await?;
        Ok(moved)
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Up(Option<u32>),
    Down(u32),
}

async fn shift(transaction: &DatabaseTransaction, direction: Direction) -> Result<usize, Failure> {
    let before = Migrator::get_applied_migrations(transaction).await?.len();
    match direction {
        Direction::Up(steps) => Migrator::up(transaction, steps).await?,
        Direction::Down(steps) => Migrator::down(transaction, Some(steps)).await?,
    }
    let after = Migrator::get_applied_migrations(transaction).await?.len();
    Ok(before.abs_diff(after))
}

async fn lock(transaction: &DatabaseTransaction) -> Result<(), Failure> {
    match transaction.get_database_backend() {
        DbBackend::Postgres => {
            // Released by the end of the transaction.
            let sql = format!("SELECT pg_advisory_xact_lock({POSTGRES_LOCK})");
            transaction.execute_unprepared(&sql).await?;
        }
        DbBackend::MySql => {
            let sql = format!("SELECT GET_LOCK({MYSQL_LOCK}, {MYSQL_LOCK_SECONDS})");
            let row = transaction.query_one_raw(Statement::from_string(DbBackend::MySql, sql)).await?;
            let got = row.and_then(|row| row.try_get_by_index::<Option<i64>>(0).ok().flatten());
            if got != Some(1) {
                let text = format!("another process is migrating for over {MYSQL_LOCK_SECONDS} s");
                return Err(StoreError::Unavailable(text).into());
            }
        }
        // The transaction itself is the lock.
        _ => {}
    }
    Ok(())
}

async fn unlock(transaction: &DatabaseTransaction) -> Result<(), Failure> {
    if transaction.get_database_backend() == DbBackend::MySql {
        transaction.execute_unprepared(&format!("DO RELEASE_LOCK({MYSQL_LOCK})")).await?;
    }
    Ok(())
}
