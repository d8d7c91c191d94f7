//! Reports of interactions read an index by document instead of the roll-up by day.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{create_index, drop_index, drop_table};
use crate::m20261121_000006_interactions::{InteractionDays, create_interaction_days};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A covering index for reports over the documents of a category.
        let columns = "document_id, kind, occurred_at, quantity";
        create_index(manager, "interactions", "interactions_document", columns).await?;
        drop_table(manager, InteractionDays::Table).await
    }

    /// Restores the roll-up with the sums of all interactions, as the previous version expects.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_interaction_days(manager).await?;
        let day = match manager.get_database_backend() {
            DbBackend::Postgres => "date_trunc('day', occurred_at, 'UTC')",
            DbBackend::MySql => "CAST(DATE(occurred_at) AS datetime(6))",
            // Texts in the format of the driver, which are all in UTC.
            _ => "substr(occurred_at, 1, 10) || 'T00:00:00+00:00'",
        };
        let connection = manager.get_connection();
        connection.execute_unprepared("DELETE FROM interaction_days").await?;
        let sums = format!(
            "INSERT INTO interaction_days (kind, day, document_id, interactions, quantity)
             SELECT kind, {day}, document_id, COUNT(*), SUM(quantity) FROM interactions GROUP BY 1, 2, 3"
        );
        connection.execute_unprepared(&sums).await?;
        drop_index(manager, "interactions", "interactions_document").await
    }
}
