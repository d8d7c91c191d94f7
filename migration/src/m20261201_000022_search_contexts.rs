//! Logged searches have the facts about their requests: the order of documents, conditions and tags.

use sea_orm_migration::prelude::*;

use crate::column::{add_column, drop_column, long_text};

const TABLE: &str = "search_logs";
const COLUMN: &str = "context";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Lines of names and values; null if unknown, as in rows of earlier versions.
        add_column(manager, TABLE, long_text(manager, COLUMN)).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_column(manager, TABLE, COLUMN).await
    }
}
