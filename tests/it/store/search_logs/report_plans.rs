//! Reports read indexes of a large log.

use std::sync::Arc;

use chrono::TimeDelta;
use quarry::domain::{Period, SearchFact};
use quarry::store::NewSearch;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::{ConnectionTrait, DbBackend};

use super::super::at;
use super::super::plans::plans_of;
use super::{raw, search};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(no_report_reads_a_whole_table);

const DAYS: i64 = 12;
const SEARCHES: u128 = 30_000;
const TABLES: [&str; 4] =
    ["search_logs", "search_query_hours", "search_query_days", "search_volume_quarters"];

async fn no_report_reads_a_whole_table(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let mut random = StdRng::seed_from_u64(5);
    let first = at("2026-11-01T00:00:00Z");
    for from in (0..SEARCHES).step_by(1_000) {
        let searches: Vec<NewSearch> = (from..from + 1_000)
            .map(|number| {
                let query = (3_000.0 * random.random::<f64>().powi(4)) as u32;
                let of = format!("session {}", random.random_range(0..5_000));
                let mut search = search(number, &of, &format!("query {query}"), 0);
                let milliseconds = random.random_range(0..DAYS * 86_400_000);
                search.last_keystroke_at = first + TimeDelta::milliseconds(milliseconds);
                search.result_count = random.random_bool(0.9).then(|| random.random_range(0..20));
                search
            })
            .collect();
        store.log_searches(&searches).await.unwrap();
    }
    // All but the last day, as on a running server.
    let now = chrono::Utc::now() + TimeDelta::days(1);
    while store.roll_up_searches(now).await.unwrap() {}
    let connection = raw(&database).await;
    let backend = connection.get_database_backend();
    connection
        .execute_unprepared("UPDATE search_days SET rolled = FALSE WHERE day >= '2026-11-12'")
        .await
        .unwrap();
    for table in TABLES {
        let analyze = match backend {
            DbBackend::MySql => format!("ANALYZE TABLE {table}"),
            _ => format!("ANALYZE {table}"),
        };
        connection.execute_unprepared(&analyze).await.unwrap();
    }
    connection.close().await.unwrap();

    let period = Period { from: first + TimeDelta::minutes(3 * 24 * 60 + 620), before: None };
    // A small part of the period: for much of a small table, an index is no gain.
    let bounds = [0, 8, 16, 24].map(|hours| period.from + TimeDelta::hours(hours));
    let plans = plans_of(&database, |store| async move {
        store.top_searches(period, &[], 0, 5).await.unwrap();
        store.zero_result_searches(period, &[], false, 0, 5).await.unwrap();
        store.search_volume(&bounds, &[]).await.unwrap();
        // The rows of a period.
        let facts = [SearchFact::sort("newest")];
        let hours = Period { before: Some(bounds[1]), ..period };
        store.top_searches(hours, &facts, 0, 5).await.unwrap();
        store.zero_result_searches(hours, &facts, true, 0, 5).await.unwrap();
        store.search_volume(&bounds[..2], &facts).await.unwrap();
    })
    .await;
    assert!(plans.iter().any(|plan| plan.contains("search_query_days_searches")));
    assert!(plans.iter().any(|plan| plan.contains("search_query_hours_zero_results")));
    for plan in plans {
        for table in TABLES {
            assert!(!reads_all(backend, &plan, table), "{table}: {plan}");
        }
    }
}

/// Returns true if a plan reads all of a table, or all of an index.
fn reads_all(backend: DbBackend, plan: &str, table: &str) -> bool {
    match backend {
        DbBackend::Postgres => plan.contains(&format!("Seq Scan on {table}")),
        DbBackend::MySql => {
            let tables = plan.split("\"table\": {").skip(1);
            let mut of_table = tables.filter(|of| of.contains(&format!("\"table_name\": \"{table}\"")));
            of_table.any(|of| {
                let access = of.split("\"access_type\": \"").nth(1).unwrap_or_default();
                access.starts_with("ALL\"") || access.starts_with("index\"")
            })
        }
        _ => plan.lines().any(|line| line.starts_with(&format!("SCAN {table}"))),
    }
}
