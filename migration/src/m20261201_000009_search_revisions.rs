//! Logged searches have a revision: later typing supersedes a row.

use sea_orm_migration::prelude::*;

const TABLE: &str = "search_logs";
const COLUMN: &str = "revision";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        let mut alter = Table::alter();
        let revision = ColumnDef::new(Alias::new(COLUMN)).big_integer().not_null().default(1).take();
        alter.table(Alias::new(TABLE)).add_column(revision);
        manager.alter_table(alter).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        let mut alter = Table::alter();
        alter.table(Alias::new(TABLE)).drop_column(Alias::new(COLUMN));
        manager.alter_table(alter).await
    }
}
