//! Sources, authors, documents, the revision counter, and the id of the store.
//!
//! The id is generated here, so that an index detects that its documents come from another store.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;
use uuid::Uuid;

use crate::column::{create_index, drop_table, long_text, table, timestamp};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_sources(manager).await?;
        create_authors(manager).await?;
        create_documents(manager).await?;
        create_counters(manager).await?;
        create_store_identity(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_table(manager, StoreIdentity::Table).await?;
        drop_table(manager, Counters::Table).await?;
        drop_table(manager, Documents::Table).await?;
        drop_table(manager, Authors::Table).await?;
        drop_table(manager, Sources::Table).await
    }
}

async fn create_sources(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, Sources::Table)
                .col(ColumnDef::new(Sources::Name).string_len(64).not_null().primary_key())
                .take(),
        )
        .await
}

async fn create_authors(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, Authors::Table)
                .col(ColumnDef::new(Authors::Id).uuid().not_null().primary_key())
                .col(ColumnDef::new(Authors::Source).string_len(64).not_null())
                .col(ColumnDef::new(Authors::Key).string_len(1_024).not_null())
                .col(long_text(manager, Authors::Name).not_null())
                .take(),
        )
        .await
}

async fn create_documents(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, Documents::Table)
                // Derived from source and key, so it enforces their uniqueness: the key itself is
                // too long for an index on MySQL and needs none.
                .col(ColumnDef::new(Documents::Id).uuid().not_null().primary_key())
                .col(ColumnDef::new(Documents::Source).string_len(64).not_null())
                .col(ColumnDef::new(Documents::Key).string_len(1_024).not_null())
                .col(long_text(manager, Documents::Title))
                .col(long_text(manager, Documents::Text).not_null())
                .col(ColumnDef::new(Documents::Category).string_len(255))
                .col(ColumnDef::new(Documents::AuthorId).uuid())
                // As this document carries them, so that reading it needs no join.
                .col(ColumnDef::new(Documents::AuthorKey).string_len(1_024))
                .col(long_text(manager, Documents::AuthorName))
                .col(timestamp(manager, Documents::PublishedAt))
                .col(long_text(manager, Documents::Attributes).not_null())
                .col(ColumnDef::new(Documents::ContentHash).string_len(32).not_null())
                .col(ColumnDef::new(Documents::Revision).big_integer().not_null().unique_key())
                .col(timestamp(manager, Documents::IndexedAt).not_null())
                .col(timestamp(manager, Documents::DeletedAt))
                // The last count of a crawl that saw the document; none if no crawl ever did.
                .col(ColumnDef::new(Documents::Tally).big_integer())
                .take(),
        )
        .await?;
    // An author's documents are read newest first, undated ones last, as they stand in here.
    let newest_first = match manager.get_database_backend() {
        DbBackend::Postgres => "author_id, published_at DESC NULLS LAST, id",
        _ => "author_id, published_at DESC, id",
    };
    create_index(manager, "documents", "documents_author", newest_first).await?;
    create_index(manager, "documents", "documents_source", "source, deleted_at").await
}

async fn create_counters(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, Counters::Table)
                .col(ColumnDef::new(Counters::Name).string_len(64).not_null().primary_key())
                .col(ColumnDef::new(Counters::Value).big_integer().not_null())
                .take(),
        )
        .await?;
    execute_insert(
        manager,
        Query::insert()
            .into_table(Counters::Table)
            .columns([Counters::Name, Counters::Value])
            .values_panic(["revision".into(), 0_i64.into()])
            .on_conflict(OnConflict::column(Counters::Name).do_nothing_on([Counters::Name]).to_owned())
            .take(),
    )
    .await
}

async fn create_store_identity(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, StoreIdentity::Table)
                // The table has a single row: this column is 1.
                .col(ColumnDef::new(StoreIdentity::Singleton).integer().not_null().primary_key())
                .col(ColumnDef::new(StoreIdentity::StoreId).string_len(36).not_null())
                .take(),
        )
        .await?;
    execute_insert(
        manager,
        Query::insert()
            .into_table(StoreIdentity::Table)
            .columns([StoreIdentity::Singleton, StoreIdentity::StoreId])
            .values_panic([1.into(), Uuid::new_v4().to_string().into()])
            .on_conflict(
                OnConflict::column(StoreIdentity::Singleton)
                    .do_nothing_on([StoreIdentity::Singleton])
                    .to_owned(),
            )
            .take(),
    )
    .await
}

async fn execute_insert(manager: &SchemaManager<'_>, insert: InsertStatement) -> Result<(), DbErr> {
    manager.get_connection().execute(&insert).await?;
    Ok(())
}

#[derive(DeriveIden)]
enum Sources {
    Table,
    Name,
}

#[derive(DeriveIden)]
enum Authors {
    Table,
    Id,
    Source,
    Key,
    Name,
}

#[derive(DeriveIden)]
enum Documents {
    Table,
    Id,
    Source,
    Key,
    Title,
    Text,
    Category,
    AuthorId,
    AuthorKey,
    AuthorName,
    PublishedAt,
    Attributes,
    ContentHash,
    Revision,
    IndexedAt,
    DeletedAt,
    Tally,
}

#[derive(DeriveIden)]
enum Counters {
    Table,
    Name,
    Value,
}

#[derive(DeriveIden)]
enum StoreIdentity {
    Table,
    Singleton,
    StoreId,
}
