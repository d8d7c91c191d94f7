//! The index by category has only the documents with one: most sources have none, and reports read no others.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{create_index, drop_index};

const TABLE: &str = "documents";
const WHOLE: &str = "documents_category";
const PARTIAL: &str = "documents_in_category";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // MySQL and MariaDB have no partial indexes.
        if manager.get_database_backend() == DbBackend::MySql {
            return Ok(());
        }
        let sql = format!(
            "CREATE INDEX IF NOT EXISTS {PARTIAL} ON {TABLE} (deleted_at, category, source, id)
             WHERE category IS NOT NULL"
        );
        manager.get_connection().execute_unprepared(&sql).await?;
        drop_index(manager, TABLE, WHOLE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_index(manager, TABLE, WHOLE, "deleted_at, category, source, id").await?;
        drop_index(manager, TABLE, PARTIAL).await
    }
}
