//! Logged searches have their match tiers, and roll-ups count searches without a document that has all words.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::column::{add_column, create_index, drop_column, drop_index};

/// The longest name of a tier in characters.
const TIER_CHARS: u32 = 16;
const ROLL_UPS: [(&str, &str); 2] = [("search_query_hours", "hour"), ("search_query_days", "day")];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Null if unknown, as in rows of earlier versions.
        add_column(manager, "search_logs", ColumnDef::new("tier").string_len(TIER_CHARS).take()).await?;
        add_column(manager, "search_logs", ColumnDef::new("relaxed").boolean().take()).await?;
        let connection = manager.get_connection();
        for (table, interval) in ROLL_UPS {
            // Searches without results, and relaxed ones.
            let column = ColumnDef::new("unmatched").big_integer().not_null().default(0).take();
            if add_column(manager, table, column).await? {
                connection
                    .execute_unprepared(&format!("UPDATE {table} SET unmatched = zero_results"))
                    .await?;
            }
            create_index(manager, table, &format!("{table}_unmatched"), &format!("{interval}, unmatched"))
                .await?;
        }
        // Earlier versions kept the volume of searches that retention deleted.
        connection.execute_unprepared(&delete_old_quarters(manager.get_database_backend())).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, _) in ROLL_UPS {
            drop_index(manager, table, &format!("{table}_unmatched")).await?;
            drop_column(manager, table, "unmatched").await?;
        }
        drop_column(manager, "search_logs", "relaxed").await?;
        drop_column(manager, "search_logs", "tier").await
    }
}

/// Deletes the quarters of an hour that end before the oldest search.
fn delete_old_quarters(database: DbBackend) -> String {
    let start_of_oldest = match database {
        DbBackend::Postgres => "(SELECT MIN(last_keystroke_at) - INTERVAL '15 minutes' FROM search_logs)",
        DbBackend::MySql => "(SELECT MIN(last_keystroke_at) - INTERVAL 15 MINUTE FROM search_logs)",
        // SQLite stores points in time as text, in UTC.
        _ => {
            "(SELECT strftime('%Y-%m-%dT%H:%M:%S+00:00', MIN(last_keystroke_at), '-15 minutes') FROM search_logs)"
        }
    };
    format!("DELETE FROM search_volume_quarters WHERE quarter <= {start_of_oldest}")
}
