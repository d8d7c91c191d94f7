//! Benchmark of reports by category: from a scan, an index, or daily aggregates.
//!
//! `cargo bench --bench categories -- 10000 200000` reports the ten best-selling products of one
//! of five categories, of that many products and sales of a year, in a PostgreSQL of its own:
//! - by a plain query over a table of sales without an index, which scans all of them;
//! - by the same query over the table of interactions with its indexes;
//! - by the store, which sums daily aggregates, and reads rows at the two ends of the period;
//! - from the cache in Redis, and from the in-process cache.
//!
//! Each over 30 days that begin and end within a day, and over the whole year. All results must be equal.
//! Products are made as `quarry seed` makes them; sales by the database itself, spread alike.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "this benchmark does not measure CPU time")]
mod postgres;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "this benchmark does not use HTTP")]
mod process;
#[path = "support/redis.rs"]
#[expect(dead_code, reason = "this benchmark does not measure CPU time")]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use postgres::OwnPostgres;
use quarry::cache::{Cache, CacheLimits, LocalCache, RedisCache};
use quarry::domain::{
    CategoryReport, DocumentDraft, DocumentKey, InteractionKind, Period, SourceName, Timestamp,
};
use quarry::report::{CacheStatus, CategoryParameters, Coverage, CoverageError, ReportPeriod, Reports};
use quarry::simulator::synthetic;
use quarry::store::Store;
use redis_server::OwnRedis;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

const CATEGORY: &str = "electronics";
const FIRST: u64 = 10;
/// Longer than the benchmark takes.
const TTL: Duration = Duration::from_secs(24 * 3_600);
/// The time budget per variant, within the bounds of `RUNS`.
const BUDGET: Duration = Duration::from_secs(20);
const RUNS: std::ops::RangeInclusive<usize> = 5..=500;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let mut sizes = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (products, sales) = (sizes.next().unwrap_or(10_000), sizes.next().unwrap_or(200_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(products, sales));
}

async fn measure(products: usize, sales: usize) {
    let Some(server) = OwnPostgres::start().filter(|_| process::is_installed("redis-server")) else {
        println!("PostgreSQL or Redis is missing: install them (Debian's packages postgresql, redis-server)");
        return;
    };
    let redis = OwnRedis::start();
    let url = server.url("postgres");
    let store = Store::connect(&url, 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let plain = Database::connect(&url).await.unwrap();
    let until: DateTime<Utc> = "2026-11-20T15:30:00Z".parse().unwrap();
    let started = Instant::now();
    fill(&store, &plain, products, sales, until).await;
    println!(
        "{products} products, {sales} sales; made in {:.0} s, kept by day in {} rows",
        started.elapsed().as_secs_f64(),
        number(&plain, "SELECT COUNT(*) FROM interaction_days").await
    );
    for (name, days) in [("30 days", 30), ("a year", 365)] {
        let period = Period { from: until - TimeDelta::days(days), before: Some(until) };
        println!("\n{CATEGORY} over {name:<10}  median          p99  runs   ratio");
        let mut first = None;
        let mut results: Vec<Vec<(String, i64)>> = Vec::new();
        for (way, table) in [("sequential scan", "bare"), ("indexed rows", "interactions")] {
            let sql = plain_query(table, period);
            results.push(query_rows(&plain, &sql).await);
            let times = timed(async || drop(query_rows(&plain, &sql).await)).await;
            line(way, times, &mut first);
        }
        results.push(report(&store, period).await);
        line("days and rows", timed(async || drop(report(&store, period).await)).await, &mut first);
        let caches: [(&str, Arc<dyn Cache>); 2] = [
            ("Redis hit", Arc::new(RedisCache::open(&redis.url(), name, CacheLimits::default()).unwrap())),
            ("in-process hit", Arc::new(LocalCache::new(CacheLimits::default()))),
        ];
        for (way, cache) in caches {
            let reports = Reports::new(store.clone(), cache, Arc::new(NothingPending), TTL);
            assert_eq!(cached(&reports, period).await.0, CacheStatus::Miss);
            let (cache_status, rows) = cached(&reports, period).await;
            assert_eq!(cache_status, CacheStatus::Hit);
            results.push(rows);
            line(way, timed(async || drop(cached(&reports, period).await)).await, &mut first);
        }
        assert!(
            results[0].len() == FIRST as usize && results.iter().all(|rows| *rows == results[0]),
            "{results:?}"
        );
    }
    plain.close().await.unwrap();
    store.close().await.unwrap();
}

async fn fill(
    store: &Store,
    plain: &DatabaseConnection,
    products: usize,
    sales: usize,
    until: DateTime<Utc>,
) {
    let source = SourceName::parse("products").unwrap();
    let mut made = synthetic::products(products, 1).map(|product| DocumentDraft {
        source: source.clone(),
        key: DocumentKey::parse(&product.sku).unwrap(),
        title: Some(product.name),
        text: product.description,
        category: Some(product.category.to_owned()),
        author: None,
        published_at: None,
        attributes: serde_json::Map::new(),
    });
    loop {
        let batch: Vec<DocumentDraft> = made.by_ref().take(1_000).collect();
        if batch.is_empty() {
            break;
        }
        store.upsert_documents(&batch).await.unwrap();
    }
    let until = until.to_rfc3339();
    for sql in [
        "CREATE TABLE ranked AS SELECT id, row_number() OVER (ORDER BY md5(key)) AS rank FROM documents"
            .to_owned(),
        "CREATE INDEX ON ranked (rank)".to_owned(),
        // Twice the rank, half as frequent; day after day, as sales come in.
        format!(
            "INSERT INTO interactions (id, kind, document_id, quantity, occurred_at, recorded_at, call_id)
             SELECT gen_random_uuid(), 'conversion', ranked.id, sale.quantity, sale.at, sale.at,
                    '00000000-0000-0000-0000-000000000000'
             FROM (
                 SELECT floor(power({products}, random()))::bigint AS rank,
                        CASE WHEN random() < 0.25 THEN 2 + floor(random() * 5) ELSE 1 END AS quantity,
                        timestamptz '{until}' - interval '365 days' * (1 - n::float8 / {sales}) AS at
                 FROM generate_series(0, {sales} - 1) AS n OFFSET 0
             ) AS sale JOIN ranked ON ranked.rank = sale.rank"
        ),
        // The aggregates that the intake would have written.
        "INSERT INTO interaction_days
         SELECT kind, date_trunc('day', occurred_at, 'UTC'), document_id, COUNT(*), SUM(quantity)
         FROM interactions GROUP BY 1, 2, 3 ORDER BY 2"
            .to_owned(),
        "CREATE TABLE bare AS SELECT * FROM interactions".to_owned(),
        "VACUUM ANALYZE".to_owned(),
        "CHECKPOINT".to_owned(),
    ] {
        plain.execute_unprepared(&sql).await.unwrap();
    }
    assert_eq!(number(plain, "SELECT COUNT(*) FROM interactions").await, sales as i64);
}

/// The query without daily aggregates.
fn plain_query(table: &str, period: Period) -> String {
    let [from, before] = [Some(period.from), period.before].map(|at| at.unwrap().to_rfc3339());
    format!(
        "SELECT documents.key, SUM(sold.quantity)::bigint AS quantity
         FROM {table} AS sold JOIN documents ON documents.id = sold.document_id
         WHERE documents.category = '{CATEGORY}' AND documents.deleted_at IS NULL
           AND sold.kind = 'conversion' AND sold.occurred_at >= '{from}' AND sold.occurred_at < '{before}'
         GROUP BY documents.id ORDER BY quantity DESC, documents.key COLLATE \"C\" LIMIT {FIRST}"
    )
}

async fn query_rows(plain: &DatabaseConnection, sql: &str) -> Vec<(String, i64)> {
    let rows = plain.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
}

async fn number(plain: &DatabaseConnection, sql: &str) -> i64 {
    let row = plain.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
    row.unwrap().try_get_by_index(0).unwrap()
}

async fn report(store: &Store, period: Period) -> Vec<(String, i64)> {
    let kind = InteractionKind::Conversion;
    rows(store.category_report(CATEGORY, None, kind, period, FIRST).await.unwrap())
}

fn rows(report: CategoryReport) -> Vec<(String, i64)> {
    report.rows.into_iter().map(|(document, quantity)| (document.key.into(), quantity)).collect()
}

async fn cached(reports: &Reports, period: Period) -> (CacheStatus, Vec<(String, i64)>) {
    let parameters = CategoryParameters {
        name: CATEGORY.to_owned(),
        source: None,
        kind: InteractionKind::Conversion,
        period: ReportPeriod { from: Some(period.from), before: period.before },
        first: FIRST,
    };
    let report = reports.category(parameters, false).await.unwrap();
    (report.cache_status, rows(report.value))
}

/// A coverage without pending keystrokes.
struct NothingPending;

#[async_trait]
impl Coverage for NothingPending {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        Ok(None)
    }
}

/// Returns the durations of all runs in ascending order, after a warm-up run.
async fn timed(run: impl AsyncFn()) -> Vec<Duration> {
    run().await;
    let began = Instant::now();
    let mut times = Vec::new();
    while times.len() < *RUNS.start() || (times.len() < *RUNS.end() && began.elapsed() < BUDGET) {
        let started = Instant::now();
        run().await;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times
}

fn line(way: &str, times: Vec<Duration>, first: &mut Option<f64>) {
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    let first = *first.get_or_insert(at(0.5));
    println!(
        "  {way:<20} {:>9.3} ms {:>9.3} ms {:>5} {:>6.1} x",
        at(0.5),
        at(0.99),
        times.len(),
        first / at(0.5)
    );
}
