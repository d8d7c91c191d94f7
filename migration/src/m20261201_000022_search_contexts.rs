//! Logged searches have the facts about their requests: the order of documents, conditions and tags.

use sea_orm_migration::prelude::*;

use crate::column::long_text;

const TABLE: &str = "search_logs";
const COLUMN: &str = "context";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        // Lines of names and values; null if unknown, as in rows of earlier versions.
        let mut column = long_text(manager, COLUMN);
        let mut alter = Table::alter();
        manager.alter_table(alter.table(Alias::new(TABLE)).add_column(column.take()).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        let mut alter = Table::alter();
        manager.alter_table(alter.table(Alias::new(TABLE)).drop_column(Alias::new(COLUMN)).take()).await
    }
}
