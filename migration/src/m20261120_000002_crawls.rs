//! Crawls and the ledger of their pages.

use sea_orm_migration::prelude::*;

use crate::column::{create_index, drop_table, long_text, table, timestamp};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_crawls(manager).await?;
        create_crawl_pages(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Crawl ids restart at 1, so stale tallies would mark documents as seen by later crawls.
        manager
            .get_connection()
            .execute_unprepared("UPDATE documents SET tally = 0 WHERE tally IS NOT NULL")
            .await?;
        drop_table(manager, CrawlPages::Table).await?;
        drop_table(manager, Crawls::Table).await
    }
}

async fn create_crawls(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut crawls = table(manager, Crawls::Table);
    crawls
        .col(ColumnDef::new(Crawls::Id).big_integer().not_null().auto_increment().primary_key())
        .col(ColumnDef::new(Crawls::Source).string_len(64).not_null())
        .col(ColumnDef::new(Crawls::State).string_len(16).not_null())
        .col(timestamp(manager, Crawls::StartedAt).not_null())
        .col(timestamp(manager, Crawls::FinishedAt));
    for count in [
        Crawls::PagesFetched,
        Crawls::Attempts,
        Crawls::DocumentsSeen,
        Crawls::Inserted,
        Crawls::Updated,
        Crawls::Unchanged,
        Crawls::Deleted,
        Crawls::Rejected,
    ] {
        crawls.col(ColumnDef::new(count).big_integer().not_null().default(0));
    }
    crawls
        .col(ColumnDef::new(Crawls::ExpectedTotal).big_integer())
        .col(long_text(manager, Crawls::Error))
        .col(ColumnDef::new(Crawls::AllowShrink).boolean().not_null().default(false))
        .col(long_text(manager, Crawls::Cursor));
    manager.create_table(crawls).await?;
    create_index(manager, "crawls", "crawls_source", "source, id").await
}

async fn create_crawl_pages(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, CrawlPages::Table)
                .col(ColumnDef::new(CrawlPages::CrawlId).big_integer().not_null())
                .col(ColumnDef::new(CrawlPages::Position).big_integer().not_null())
                .col(ColumnDef::new(CrawlPages::Sweep).integer().not_null())
                .col(ColumnDef::new(CrawlPages::Attempts).integer().not_null())
                .col(ColumnDef::new(CrawlPages::Status).integer())
                .col(ColumnDef::new(CrawlPages::Documents).integer().not_null().default(0))
                .col(long_text(manager, CrawlPages::Hash))
                // A JSON array of strings.
                .col(long_text(manager, CrawlPages::Failures).not_null())
                .col(timestamp(manager, CrawlPages::FetchedAt).not_null())
                .primary_key(Index::create().col(CrawlPages::CrawlId).col(CrawlPages::Position))
                .foreign_key(
                    ForeignKey::create()
                        .name("crawl_pages_crawl")
                        .from(CrawlPages::Table, CrawlPages::CrawlId)
                        .to(Crawls::Table, Crawls::Id)
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .take(),
        )
        .await
}

#[derive(DeriveIden)]
enum Crawls {
    Table,
    Id,
    Source,
    State,
    StartedAt,
    FinishedAt,
    PagesFetched,
    Attempts,
    DocumentsSeen,
    Inserted,
    Updated,
    Unchanged,
    Deleted,
    Rejected,
    ExpectedTotal,
    Error,
    AllowShrink,
    Cursor,
}

#[derive(DeriveIden)]
enum CrawlPages {
    Table,
    CrawlId,
    Position,
    Sweep,
    Attempts,
    Status,
    Documents,
    Hash,
    Failures,
    FetchedAt,
}
