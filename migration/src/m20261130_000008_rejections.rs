//! The ledger of a crawl lists rejected items.

use sea_orm_migration::prelude::*;

use crate::column::long_text;

const TABLE: &str = "crawl_pages";
const COLUMN: &str = "rejections";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        // A JSON array of objects; null without rejected items, and in entries of earlier versions.
        let mut alter = Table::alter();
        alter.table(Alias::new(TABLE)).add_column(long_text(manager, Alias::new(COLUMN)));
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
