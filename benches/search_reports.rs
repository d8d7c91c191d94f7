//! Benchmark of uncached reports of searches, beside GROUP BY over the log.
//!
//! `cargo bench --bench search_reports -- 10000000` logs that many searches of the last thirty days in
//! a PostgreSQL of its own: 200,000 queries with Zipf-distributed frequencies, four searches per session,
//! one query in twenty without results.
//! - Rows, and their aggregates by hour and quarter, are inserted in SQL as the flusher would write them;
//!   days and sketches by the store's roll-up, which is timed. Then the tables are vacuumed, as autovacuum
//!   would do.
//! - Reports of the last thirty days to the microsecond, so that both ends are within an hour.
//! - The same by GROUP BY over the log, with its index of times.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "this benchmark does not measure CPU time")]
mod postgres;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "this benchmark does not use HTTP")]
mod process;

use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use postgres::OwnPostgres;
use quarry::domain::Period;
use quarry::store::Store;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};

const DAYS: i64 = 30;
const QUERIES: u32 = 200_000;
const RUNS: usize = 50;
const PLAIN_RUNS: usize = 3;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(size));
}

async fn measure(size: u64) {
    let Some(server) = OwnPostgres::start() else {
        println!("PostgreSQL is missing: install it (Debian's package postgresql)");
        return;
    };
    let url = server.url("postgres");
    let store = Store::connect(&url, 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let plain = Database::connect(&url).await.unwrap();
    let now = Utc::now();
    let started = Instant::now();
    fill(&plain, size, now).await;
    println!("{size} searches filled in {:.0?}", started.elapsed());
    let started = Instant::now();
    let mut steps = 0;
    // Beyond the time for which recent rows are not rolled up.
    let later = Utc::now() + TimeDelta::hours(1);
    while store.roll_up_searches(later).await.unwrap() {
        steps += 1;
    }
    let days = "SELECT COUNT(DISTINCT day) FROM search_query_days";
    let days = Statement::from_string(plain.get_database_backend(), days);
    let days: i64 = plain.query_one_raw(days).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    assert!(days >= DAYS - 1, "only {days} days are aggregated");
    println!("rolled up in {:.0?}, {steps} steps", started.elapsed());
    plain.execute_unprepared("VACUUM ANALYZE").await.unwrap();
    plain.execute_unprepared("CHECKPOINT").await.unwrap();

    let period = Period { from: now - TimeDelta::days(DAYS), before: None };
    for first in [10, 100] {
        let times = timed(async || {
            assert_eq!(store.top_searches(period, &[], 0, first).await.unwrap().len() as u64, first)
        });
        report(&format!("top searches, first {first}"), times.await);
        let times = timed(async || {
            assert_eq!(
                store.zero_result_searches(period, &[], false, 0, first).await.unwrap().len() as u64,
                first
            );
        });
        report(&format!("zero results, first {first}"), times.await);
    }
    for (what, hours, buckets) in [("by day", 24, DAYS), ("by hour", 1, 24 * DAYS)] {
        // As reports have them: whole intervals except for the first and the last.
        let hour = period.from.duration_trunc(TimeDelta::hours(1)).unwrap();
        let within = (1..=buckets).map(|bucket| hour + TimeDelta::hours(hours * bucket));
        let bounds: Vec<DateTime<Utc>> = [period.from].into_iter().chain(within).collect();
        let times = timed(async || {
            let volume = store.search_volume(&bounds, &[]).await.unwrap();
            let searches: i64 = volume.iter().map(|bucket| bucket.searches).sum();
            assert!(searches.unsigned_abs() >= size * 99 / 100, "{searches}");
        });
        report(&format!("volume {what}"), times.await);
    }
    for (what, sessions) in [("without sessions", ""), ("with sessions", ", COUNT(DISTINCT session_id)")] {
        let sql = format!(
            "SELECT query_key, COUNT(*){sessions} FROM search_logs WHERE last_keystroke_at >= $1
             GROUP BY query_key ORDER BY 2 DESC, 1 LIMIT 10"
        );
        let mut times = Vec::new();
        for _ in 0..PLAIN_RUNS {
            let statement =
                Statement::from_sql_and_values(plain.get_database_backend(), &sql, [period.from.into()]);
            let started = Instant::now();
            assert_eq!(plain.query_all_raw(statement).await.unwrap().len(), 10);
            times.push(started.elapsed());
        }
        report(&format!("GROUP BY, {what}"), times);
    }
    plain.close().await.unwrap();
    store.close().await.unwrap();
}

async fn timed(call: impl AsyncFn()) -> Vec<Duration> {
    // A warm-up prepares the statements.
    call().await;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let started = Instant::now();
        call().await;
        times.push(started.elapsed());
    }
    times
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{what:<28} p50 {:>10.1?}   p99 {:>10.1?}   of {}", at(50), at(99), times.len());
}

/// Logs searches in order of time, and aggregates them.
async fn fill(plain: &DatabaseConnection, size: u64, now: DateTime<Utc>) {
    let indexes = "SELECT indexname, indexdef FROM pg_indexes
                   WHERE tablename = 'search_logs' AND indexname NOT LIKE '%pkey'";
    let statement = Statement::from_string(plain.get_database_backend(), indexes);
    let indexes: Vec<(String, String)> = plain
        .query_all_raw(statement)
        .await
        .unwrap()
        .iter()
        .map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap()))
        .collect();
    for (name, _) in &indexes {
        plain.execute_unprepared(&format!("DROP INDEX {name}")).await.unwrap();
    }
    let first = (now - TimeDelta::days(DAYS)).to_rfc3339();
    let step_us = TimeDelta::days(DAYS).num_microseconds().unwrap() as u64 / size;
    let rows = format!(
        "INSERT INTO search_logs SELECT gen_random_uuid(), 'session-' || n / 4,
             CASE WHEN n % 3 = 0 THEN 'user-' || n % 50000 END, 'Business data ' || q, 'businessdata' || q,
             FALSE, 14, CASE WHEN q % 20 = 7 THEN 0 ELSE 1 + n % 500 END, 'idle', t, t, t, gen_random_uuid()
         FROM (SELECT n, floor(power({QUERIES}, random()))::bigint AS q,
                   '{first}'::timestamptz + n * {step_us} * interval '1 microsecond' AS t
               FROM generate_series(0::bigint, {size} - 1) n) searches"
    );
    let hours = "INSERT INTO search_query_hours (hour, query_key, query, searches, zero_results, counted,
                     results, last_searched_at)
                 SELECT date_trunc('hour', last_keystroke_at, 'UTC'), query_key, MAX(query), COUNT(*),
                     COUNT(*) FILTER (WHERE result_count = 0), COUNT(result_count),
                     COALESCE(SUM(result_count), 0), MAX(last_keystroke_at)
                 FROM search_logs GROUP BY 1, 2";
    let quarters = "INSERT INTO search_volume_quarters (quarter, searches, zero_results)
                    SELECT date_bin('15 minutes', last_keystroke_at, '2000-01-01Z'), COUNT(*),
                        COUNT(*) FILTER (WHERE result_count = 0)
                    FROM search_logs GROUP BY 1";
    let days = "INSERT INTO search_days (day, rolled, sketched_before, changed_at)
                SELECT DISTINCT d, FALSE, d, now() FROM
                (SELECT date_trunc('day', hour, 'UTC') AS d FROM search_query_hours) days";
    plain.execute_unprepared(&rows).await.unwrap();
    for (_, definition) in &indexes {
        plain.execute_unprepared(definition).await.unwrap();
    }
    for sums in [hours, quarters, days] {
        plain.execute_unprepared(sums).await.unwrap();
    }
    plain.execute_unprepared("VACUUM ANALYZE").await.unwrap();
}
