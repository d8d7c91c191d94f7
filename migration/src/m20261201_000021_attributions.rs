//! Interactions have positions, and are attributed to logged searches.

use sea_orm_migration::prelude::*;

use crate::column::{create_index, drop_index, drop_table, table, timestamp};

const TABLE: &str = "interactions";
const COLUMN: &str = "position";
const INDEX: &str = "interactions_query_time";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if !manager.has_column(TABLE, COLUMN).await? {
            // The rank of the clicked document, from 1; null if unknown.
            let mut position = ColumnDef::new(COLUMN);
            let mut alter = Table::alter();
            alter.table(Alias::new(TABLE)).add_column(position.integer());
            manager.alter_table(alter).await?;
        }
        // A covering index for the interactions of a query.
        let columns = "query_digest, occurred_at, kind, search_id, document_id, position";
        create_index(manager, TABLE, INDEX, columns).await?;
        manager
            .create_table(
                // Recent interactions that quote a search response, whose logged search may change.
                table(manager, SearchAttributions::Table)
                    .col(ColumnDef::new(SearchAttributions::InteractionId).uuid().not_null().primary_key())
                    // The quoted response; the interaction has the logged search instead, once it is known.
                    .col(ColumnDef::new(SearchAttributions::SearchId).uuid().not_null())
                    .col(timestamp(manager, SearchAttributions::RecordedAt).not_null())
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_table(manager, SearchAttributions::Table).await?;
        drop_index(manager, TABLE, INDEX).await?;
        if !manager.has_column(TABLE, COLUMN).await? {
            return Ok(());
        }
        let mut alter = Table::alter();
        alter.table(Alias::new(TABLE)).drop_column(Alias::new(COLUMN));
        manager.alter_table(alter).await
    }
}

#[derive(DeriveIden)]
enum SearchAttributions {
    Table,
    InteractionId,
    SearchId,
    RecordedAt,
}
