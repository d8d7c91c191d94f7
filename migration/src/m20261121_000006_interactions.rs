//! Interactions with documents, their roll-ups for reports, and documents by category.

use sea_orm_migration::prelude::*;

use crate::column::{ExactText, create_index, drop_index, drop_table, table, timestamp};

/// The longest id of a session or a user in characters.
const ID_CHARS: u32 = 128;
/// The longest name of a kind of interaction.
const KIND_CHARS: u32 = 16;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let exact = ExactText::of(manager).await?;
        create_interactions(manager, &exact).await?;
        create_interaction_days(manager).await?;
        // A covering index for totals of categories, because documents are large.
        create_index(manager, "documents", "documents_category", "deleted_at, category, source, id").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_index(manager, "documents", "documents_category").await?;
        drop_table(manager, InteractionDays::Table).await?;
        drop_table(manager, Interactions::Table).await
    }
}

async fn create_interactions(manager: &SchemaManager<'_>, exact: &ExactText) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, Interactions::Table)
                .col(ColumnDef::new(Interactions::Id).uuid().not_null().primary_key())
                .col(ColumnDef::new(Interactions::Kind).string_len(KIND_CHARS).not_null())
                .col(ColumnDef::new(Interactions::DocumentId).uuid().not_null())
                .col(ColumnDef::new(Interactions::Quantity).big_integer().not_null())
                .col(exact.column(Interactions::SessionId, ID_CHARS))
                .col(exact.column(Interactions::UserId, ID_CHARS))
                // The search response that led to the interaction, and the digest of its query.
                .col(ColumnDef::new(Interactions::SearchId).uuid())
                .col(ColumnDef::new(Interactions::QueryDigest).big_integer())
                .col(timestamp(manager, Interactions::OccurredAt).not_null())
                // The time of clicks with a search response only, so that an index contains
                // these alone.
                .col(timestamp(manager, Interactions::SearchClickedAt))
                .col(timestamp(manager, Interactions::RecordedAt).not_null())
                // The call that inserted the row: if two calls record the same interaction
                // concurrently, only that one counts it.
                .col(ColumnDef::new(Interactions::CallId).uuid().not_null())
                .take(),
        )
        .await?;
    for (name, columns) in [
        // A covering index for the partial days at the ends of a period.
        ("interactions_time", "kind, occurred_at, document_id, quantity"),
        ("interactions_session", "session_id"),
        ("interactions_user", "user_id"),
        ("interactions_query", "query_digest, search_clicked_at, search_id"),
        ("interactions_search_clicked", "search_clicked_at"),
    ] {
        create_index(manager, "interactions", name, columns).await?;
    }
    Ok(())
}

/// Creates the roll-up by day.
pub(crate) async fn create_interaction_days(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, InteractionDays::Table)
                .col(ColumnDef::new(InteractionDays::Kind).string_len(KIND_CHARS).not_null())
                .col(timestamp(manager, InteractionDays::Day).not_null())
                .col(ColumnDef::new(InteractionDays::DocumentId).uuid().not_null())
                .col(ColumnDef::new(InteractionDays::Interactions).big_integer().not_null())
                .col(ColumnDef::new(InteractionDays::Quantity).big_integer().not_null())
                // For reports over many documents.
                .primary_key(
                    Index::create()
                        .col(InteractionDays::Kind)
                        .col(InteractionDays::Day)
                        .col(InteractionDays::DocumentId),
                )
                .take(),
        )
        .await?;
    // For reports over few documents.
    create_index(manager, "interaction_days", "interaction_days_document", "document_id, kind, day").await
}

#[derive(DeriveIden)]
enum Interactions {
    Table,
    Id,
    Kind,
    DocumentId,
    Quantity,
    SessionId,
    UserId,
    SearchId,
    QueryDigest,
    OccurredAt,
    SearchClickedAt,
    RecordedAt,
    CallId,
}

#[derive(DeriveIden)]
pub(crate) enum InteractionDays {
    Table,
    Kind,
    Day,
    DocumentId,
    Interactions,
    Quantity,
}
