//! Daily roll-ups of searches by query for long reports, and their state by day.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{ExactText, create_index, drop_index, drop_table, table, timestamp};

/// The longest comparison key in characters, as in the log.
const KEY_CHARS: u32 = 256;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let exact = ExactText::of(manager).await?;
        create_search_query_days(manager, &exact).await?;
        create_search_days(manager).await?;
        // For the most frequent queries of an hour without a scan of the hour.
        for (name, columns) in [
            ("search_query_hours_searches", "hour, searches"),
            ("search_query_hours_zero_results", "hour, zero_results"),
        ] {
            create_index(manager, "search_query_hours", name, columns).await?;
        }
        for rollup in ["search_query_hours", "search_volume_quarters"] {
            add_sessions(manager, rollup).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for rollup in ["search_query_hours", "search_volume_quarters"] {
            drop_sessions(manager, rollup).await?;
        }
        for name in ["search_query_hours_searches", "search_query_hours_zero_results"] {
            drop_index(manager, "search_query_hours", name).await?;
        }
        drop_table(manager, SearchDays::Table).await?;
        drop_table(manager, SearchQueryDays::Table).await
    }
}

async fn create_search_query_days(manager: &SchemaManager<'_>, exact: &ExactText) -> Result<(), DbErr> {
    let mut days = table(manager, SearchQueryDays::Table);
    days.col(exact.column(SearchQueryDays::QueryKey, KEY_CHARS).not_null())
        .col(timestamp(manager, SearchQueryDays::Day).not_null());
    for sum in [
        SearchQueryDays::Searches,
        SearchQueryDays::ZeroResults,
        SearchQueryDays::Counted,
        SearchQueryDays::Results,
    ] {
        days.col(ColumnDef::new(sum).big_integer().not_null());
    }
    days.col(ColumnDef::new(SearchQueryDays::Sessions).blob())
        // Clusters the days of a query, because a report sums few queries.
        .primary_key(Index::create().col(SearchQueryDays::QueryKey).col(SearchQueryDays::Day));
    manager.create_table(days).await?;
    for (name, columns) in [
        ("search_query_days_searches", "day, searches"),
        ("search_query_days_zero_results", "day, zero_results"),
    ] {
        create_index(manager, "search_query_days", name, columns).await?;
    }
    Ok(())
}

async fn create_search_days(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table(manager, SearchDays::Table)
                // Every UTC day with hourly roll-ups has a row.
                .col(timestamp(manager, SearchDays::Day).not_null().primary_key())
                // True if the daily roll-ups are the sums of the hourly ones.
                .col(ColumnDef::new(SearchDays::Rolled).boolean().not_null())
                // The hours before this one have session sketches; null: all hours.
                .col(timestamp(manager, SearchDays::SketchedBefore))
                .col(timestamp(manager, SearchDays::ChangedAt).not_null())
                .take(),
        )
        .await?;
    let insert_existing_days = match manager.get_database_backend() {
        DbBackend::Postgres => {
            "INSERT INTO search_days (day, rolled, sketched_before, changed_at)
             SELECT DISTINCT date_trunc('day', hour, 'UTC'), FALSE, date_trunc('day', hour, 'UTC'), now()
             FROM search_query_hours ON CONFLICT DO NOTHING"
        }
        DbBackend::MySql => {
            "INSERT IGNORE INTO search_days (day, rolled, sketched_before, changed_at)
             SELECT DISTINCT DATE(hour), FALSE, DATE(hour), UTC_TIMESTAMP(6) FROM search_query_hours"
        }
        // SQLite stores points in time as text.
        _ => {
            "INSERT OR IGNORE INTO search_days (day, rolled, sketched_before, changed_at)
             SELECT day, FALSE, day, strftime('%Y-%m-%dT%H:%M:%S+00:00', 'now') FROM
             (SELECT DISTINCT substr(hour, 1, 10) || 'T00:00:00+00:00' AS day FROM search_query_hours)"
        }
    };
    manager.get_connection().execute_unprepared(insert_existing_days).await?;
    Ok(())
}

/// Adds a column for the sketch of distinct sessions; null without a sketch.
async fn add_sessions(manager: &SchemaManager<'_>, rollup: &str) -> Result<(), DbErr> {
    if manager.has_column(rollup, "sessions").await? {
        return Ok(());
    }
    let mut sessions = ColumnDef::new(Alias::new("sessions"));
    manager.alter_table(Table::alter().table(Alias::new(rollup)).add_column(sessions.blob()).take()).await
}

async fn drop_sessions(manager: &SchemaManager<'_>, rollup: &str) -> Result<(), DbErr> {
    if !manager.has_column(rollup, "sessions").await? {
        return Ok(());
    }
    let sessions = Alias::new("sessions");
    manager.alter_table(Table::alter().table(Alias::new(rollup)).drop_column(sessions).take()).await
}

#[derive(DeriveIden)]
enum SearchQueryDays {
    Table,
    QueryKey,
    Day,
    Searches,
    ZeroResults,
    Counted,
    Results,
    Sessions,
}

#[derive(DeriveIden)]
enum SearchDays {
    Table,
    Day,
    Rolled,
    SketchedBefore,
    ChangedAt,
}
