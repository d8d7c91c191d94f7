//! Logged searches, their roll-ups for reports, and recent erasures.

use sea_orm_migration::prelude::*;

use crate::column::{ExactText, create_index, drop_table, long_text, table, timestamp};

/// The longest id of a session or a user in characters.
const ID_CHARS: u32 = 128;
/// The longest comparison key in characters.
///
/// At four bytes each and with two more columns, it fits into the index of every database (the limits
/// are 2,704 bytes in PostgreSQL and 3,072 in MySQL).
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
                // The call that inserted the row: if two servers log the same search concurrently,
                // only that call counts it.
                .col(ColumnDef::new(SearchLogs::CallId).uuid().not_null())
                .take(),
        )
        .await?;
    // One index per filter; databases scan them backwards for the newest rows first.
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
                // The display spelling: the latest one of the hour.
                .col(long_text(manager, SearchQueryHours::Query).not_null())
                .col(ColumnDef::new(SearchQueryHours::Searches).big_integer().not_null())
                .col(ColumnDef::new(SearchQueryHours::ZeroResults).big_integer().not_null())
                // The number of searches with a known number of results, and the sum of these.
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
                // Quarter hours, because they compose hours and days of every time zone, also of
                // Kolkata and Kathmandu.
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
                // A digest of kind and id, because the erased id itself must not be stored.
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
                // The table has a single row, which serves as a lock: this column is 1.
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
