//! Logged searches, what reports add up of them, and who was erased lately.

use sea_orm_migration::prelude::*;

use crate::column::{ExactText, create_index, drop_table, long_text, table, timestamp};

/// The longest id of a session or a user, in characters.
const ID_CHARS: u32 = 128;
/// What searches are compared by, in characters: with two more columns, four bytes each are what
/// every database can keep in an index (PostgreSQL ends at 2,704 bytes, MySQL at 3,072).
const KEY_CHARS: u32 = 256;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let exact = ExactText::of(manager).await?;
        create_search_logs(manager, &exact).await?;
        create_search_query_hours(manager, &exact).await?;
        create_search_volume_quarters(manager).await?;
        create_search_erasures(manager).await?;
        create_search_gate(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_table(manager, SearchGate::Table).await?;
        drop_table(manager, SearchErasures::Table).await?;
        drop_table(manager, SearchVolumeQuarters::Table).await?;
        drop_table(manager, SearchQueryHours::Table).await?;
        drop_table(manager, SearchLogs::Table).await
    }
}

async fn create_search_logs(manager: &SchemaManager<'_>, exact: &ExactText) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, SearchLogs::Table)
                .col(ColumnDef::new(SearchLogs::Id).uuid().not_null().primary_key())
                .col(exact.column(SearchLogs::SessionId, ID_CHARS).not_null())
                .col(exact.column(SearchLogs::UserId, ID_CHARS))
                .col(long_text(manager, SearchLogs::Query).not_null())
                .col(exact.column(SearchLogs::QueryKey, KEY_CHARS).not_null())
                .col(ColumnDef::new(SearchLogs::Truncated).boolean().not_null())
                .col(ColumnDef::new(SearchLogs::Keystrokes).big_integer().not_null())
                .col(ColumnDef::new(SearchLogs::ResultCount).big_integer())
                .col(ColumnDef::new(SearchLogs::Reason).string_len(16).not_null())
                .col(timestamp(manager, SearchLogs::StartedAt).not_null())
                .col(timestamp(manager, SearchLogs::LastKeystrokeAt).not_null())
                .col(timestamp(manager, SearchLogs::LoggedAt).not_null())
                // The call that inserted the row: of two servers that log the same search at the
                // same time, it tells which one counts it.
                .col(ColumnDef::new(SearchLogs::CallId).uuid().not_null())
                .take(),
        )
        .await?;
    // Each serves one filter, newest first: an index is read backwards as well as forwards.
    for (name, columns) in [
        ("search_logs_time", "last_keystroke_at, id"),
        ("search_logs_session", "session_id, last_keystroke_at, id"),
        ("search_logs_user", "user_id, last_keystroke_at, id"),
        ("search_logs_query", "query_key, last_keystroke_at, id"),
        ("search_logs_results", "result_count, last_keystroke_at, id"),
    ] {
        create_index(manager, "search_logs", name, columns).await?;
    }
    Ok(())
}

async fn create_search_query_hours(manager: &SchemaManager<'_>, exact: &ExactText) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, SearchQueryHours::Table)
                .col(timestamp(manager, SearchQueryHours::Hour).not_null())
                .col(exact.column(SearchQueryHours::QueryKey, KEY_CHARS).not_null())
                // The spelling to show: the latest one of the hour.
                .col(long_text(manager, SearchQueryHours::Query).not_null())
                .col(ColumnDef::new(SearchQueryHours::Searches).big_integer().not_null())
                .col(ColumnDef::new(SearchQueryHours::ZeroResults).big_integer().not_null())
                // Of the searches whose number of results is known: how many, and their sum.
                .col(ColumnDef::new(SearchQueryHours::Counted).big_integer().not_null())
                .col(ColumnDef::new(SearchQueryHours::Results).big_integer().not_null())
                .col(timestamp(manager, SearchQueryHours::LastSearchedAt).not_null())
                .primary_key(Index::create().col(SearchQueryHours::Hour).col(SearchQueryHours::QueryKey))
                .take(),
        )
        .await
}

async fn create_search_volume_quarters(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, SearchVolumeQuarters::Table)
                // Quarters of an hour: of these, hours and days of every time zone are made up,
                // those of Kolkata and Kathmandu too.
                .col(timestamp(manager, SearchVolumeQuarters::Quarter).not_null().primary_key())
                .col(ColumnDef::new(SearchVolumeQuarters::Searches).big_integer().not_null())
                .col(ColumnDef::new(SearchVolumeQuarters::ZeroResults).big_integer().not_null())
                .take(),
        )
        .await
}

async fn create_search_erasures(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, SearchErasures::Table)
                // A digest of the kind and the id: what was erased must not be kept in here.
                .col(ColumnDef::new(SearchErasures::Searcher).uuid().not_null().primary_key())
                .col(timestamp(manager, SearchErasures::Through).not_null())
                .col(timestamp(manager, SearchErasures::ErasedAt).not_null())
                .take(),
        )
        .await
}

async fn create_search_gate(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, SearchGate::Table)
                // There is one row, and it is only ever locked: this column is 1.
                .col(ColumnDef::new(SearchGate::Singleton).integer().not_null().primary_key())
                .take(),
        )
        .await?;
    let insert = Query::insert()
        .into_table(SearchGate::Table)
        .columns([SearchGate::Singleton])
        .values_panic([1.into()])
        .on_conflict(
            OnConflict::column(SearchGate::Singleton).do_nothing_on([SearchGate::Singleton]).to_owned(),
        )
        .take();
    manager.get_connection().execute(&insert).await?;
    Ok(())
}

#[derive(DeriveIden)]
enum SearchLogs {
    Table,
    Id,
    SessionId,
    UserId,
    Query,
    QueryKey,
    Truncated,
    Keystrokes,
    ResultCount,
    Reason,
    StartedAt,
    LastKeystrokeAt,
    LoggedAt,
    CallId,
}

#[derive(DeriveIden)]
enum SearchQueryHours {
    Table,
    Hour,
    QueryKey,
    Query,
    Searches,
    ZeroResults,
    Counted,
    Results,
    LastSearchedAt,
}

#[derive(DeriveIden)]
enum SearchVolumeQuarters {
    Table,
    Quarter,
    Searches,
    ZeroResults,
}

#[derive(DeriveIden)]
enum SearchErasures {
    Table,
    Searcher,
    Through,
    ErasedAt,
}

#[derive(DeriveIden)]
enum SearchGate {
    Table,
    Singleton,
}
