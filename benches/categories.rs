//! Benchmark of reports by category: from a scan, indexes, or roll-ups.
//!
//! `cargo bench --bench categories -- 10000 200000` reports the ten best-selling products of one
//! of five categories, and the sales of all, with that many products and sales of a year, in a PostgreSQL
//! of its own:
//! - from a table of sales without indexes, which is scanned;
//! - from roll-ups by (kind, day, document), or by (kind, day, category) for all categories, and from
//!   rows at the two ends of the period: see `docs/decisions/interaction-roll-up.md`;
//! - by the store, from the indexes of interactions;
//! - from the cache in Redis, and from the in-process cache.
//!
//! Each over 30 days that begin and end within a day, and over the whole year, by turns in one run. All results
//! must be equal. Products are made as `quarry seed` makes them; sales by the database itself, spread alike.
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
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use postgres::OwnPostgres;
use quarry::cache::{Cache, CacheLimits, LocalCache, RedisCache};
use quarry::domain::{
    CategoryReport, DocumentDraft, DocumentKey, InteractionKind, Period, SourceName, Timestamp,
};
use quarry::report::{CacheStatus, CategoryDocuments, Coverage, CoverageError, ReportPeriod, Reports};
use quarry::simulator::synthetic;
use quarry::store::Store;
use redis_server::OwnRedis;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

const CATEGORY: &str = "electronics";
const FIRST: u64 = 10;
const KIND: InteractionKind = InteractionKind::Conversion;
/// Longer than the benchmark takes.
const TTL: Duration = Duration::from_secs(24 * 3_600);
/// The time budget of all variants together, within the bounds of `ROUNDS`.
const BUDGET: Duration = Duration::from_secs(60);
const ROUNDS: std::ops::RangeInclusive<usize> = 5..=500;

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
        "{products} products, {sales} sales; made in {:.0} s, rolled up in {} rows",
        started.elapsed().as_secs_f64(),
        number(&plain, "SELECT COUNT(*) FROM interaction_days").await
    );
    for (name, days) in [("30 days", 30), ("a year", 365)] {
        let period = Period { from: until - TimeDelta::days(days), before: Some(until) };
        let caches: [Arc<dyn Cache>; 2] = [
            Arc::new(RedisCache::open(&redis.url(), name, CacheLimits::default()).unwrap()),
            Arc::new(LocalCache::new(CacheLimits::default())),
        ];
        let [redis_hit, local_hit] =
            caches.map(|cache| Reports::new(store.clone(), cache, Arc::new(NothingPending), TTL));
        for reports in [&redis_hit, &local_hit] {
            assert_eq!(cached(reports, period).await.0, CacheStatus::Miss);
        }
        let top = [
            ("sequential scan", Variant::Sql(top_query("bare", period))),
            ("roll-up by document", Variant::Sql(top_query(&parts(period), period))),
            ("indexes (the store)", Variant::Store(&store)),
            ("Redis hit", Variant::Cached(&redis_hit)),
            ("in-process hit", Variant::Cached(&local_hit)),
        ];
        measure_variants(&format!("{CATEGORY} over {name}"), &plain, period, &top).await;
        let totals = [
            ("sequential scan", Variant::Sql(totals_query("bare", period))),
            ("roll-up by document", Variant::Sql(totals_query(&parts(period), period))),
            ("roll-up by category", Variant::Sql(totals_by_category(period))),
            ("indexes (the store)", Variant::StoreTotals(&store)),
        ];
        measure_variants(&format!("all categories over {name}"), &plain, period, &totals).await;
    }
    plain.close().await.unwrap();
    store.close().await.unwrap();
}

/// A way to compute a report.
enum Variant<'r> {
    Sql(String),
    Store(&'r Store),
    StoreTotals(&'r Store),
    Cached(&'r Reports),
}

impl Variant<'_> {
    async fn run(&self, plain: &DatabaseConnection, period: Period) -> Vec<(String, i64)> {
        match self {
            Self::Sql(sql) => query_rows(plain, sql).await,
            Self::Store(store) => {
                rows(store.category_report(CATEGORY, None, KIND, period, FIRST).await.unwrap())
            }
            Self::StoreTotals(store) => {
                let totals = store.category_totals(None, KIND, period).await.unwrap();
                totals.into_iter().map(|total| (total.name, total.quantity)).collect()
            }
            Self::Cached(reports) => cached(reports, period).await.1,
        }
    }
}

/// Runs all variants by turns, after a warm-up round, and prints their times.
async fn measure_variants(
    title: &str,
    plain: &DatabaseConnection,
    period: Period,
    variants: &[(&str, Variant<'_>)],
) {
    let mut times = vec![Vec::new(); variants.len()];
    let mut results = Vec::new();
    for (_, variant) in variants {
        results.push(variant.run(plain, period).await);
    }
    assert!(results[0].len() >= 5 && results.iter().all(|rows| *rows == results[0]), "{results:?}");
    let began = Instant::now();
    while times[0].len() < *ROUNDS.start() || (times[0].len() < *ROUNDS.end() && began.elapsed() < BUDGET) {
        for ((_, variant), times) in variants.iter().zip(&mut times) {
            let started = Instant::now();
            variant.run(plain, period).await;
            times.push(started.elapsed());
        }
    }
    println!("\n{title:<36}  median          p99   ratio; {} rounds", times[0].len());
    let mut first = None;
    for ((name, _), times) in variants.iter().zip(&mut times) {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
        let first = *first.get_or_insert(at(0.5));
        println!("  {name:<30} {:>9.3} ms {:>9.3} ms {:>6.1} x", at(0.5), at(0.99), first / at(0.5));
    }
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
        attributes: "{}".to_owned(),
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
        "CREATE TABLE interaction_days (kind varchar(16), day timestamptz, document_id uuid, quantity bigint,
         PRIMARY KEY (kind, day, document_id))"
            .to_owned(),
        "INSERT INTO interaction_days
         SELECT kind, date_trunc('day', occurred_at, 'UTC'), document_id, SUM(quantity)
         FROM interactions GROUP BY 1, 2, 3 ORDER BY 2"
            .to_owned(),
        "CREATE INDEX ON interaction_days (document_id, kind, day)".to_owned(),
        "CREATE TABLE category_days AS
         SELECT days.kind, days.day, documents.category, SUM(days.quantity)::bigint AS quantity
         FROM interaction_days AS days JOIN documents ON documents.id = days.document_id
         WHERE documents.category IS NOT NULL GROUP BY 1, 2, 3"
            .to_owned(),
        "ALTER TABLE category_days ADD PRIMARY KEY (kind, day, category)".to_owned(),
        "CREATE TABLE bare AS SELECT * FROM interactions".to_owned(),
        "VACUUM ANALYZE".to_owned(),
        "CHECKPOINT".to_owned(),
    ] {
        plain.execute_unprepared(&sql).await.unwrap();
    }
    assert_eq!(number(plain, "SELECT COUNT(*) FROM interactions").await, sales as i64);
}

/// A point in time as SQL.
fn literal(at: DateTime<Utc>) -> String {
    format!("timestamptz '{}'", at.to_rfc3339())
}

/// The bounds of a period and of the whole days in it, as SQL.
fn bounds(period: Period) -> [String; 4] {
    let (from, before) = (period.from, period.before.unwrap());
    let day = |at: DateTime<Utc>| at.duration_trunc(TimeDelta::days(1)).unwrap();
    [from, day(from) + TimeDelta::days(1), day(before), before].map(literal)
}

/// Selects whole days, and rows at both ends of a period, as a table of sales.
fn parts(period: Period) -> String {
    let [from, first_day, last_day, before] = bounds(period);
    format!(
        "(SELECT kind, document_id, quantity, day AS occurred_at FROM interaction_days
          WHERE kind = 'conversion' AND day >= {first_day} AND day < {last_day}
          UNION ALL SELECT kind, document_id, quantity, occurred_at FROM interactions
          WHERE kind = 'conversion' AND occurred_at >= {from} AND occurred_at < {first_day}
          UNION ALL SELECT kind, document_id, quantity, occurred_at FROM interactions
          WHERE kind = 'conversion' AND occurred_at >= {last_day} AND occurred_at < {before})"
    )
}

/// The report of one category from a table of sales.
fn top_query(table: &str, period: Period) -> String {
    let [from, .., before] = bounds(period);
    format!(
        "SELECT documents.key, SUM(sold.quantity)::bigint AS quantity
         FROM {table} AS sold JOIN documents ON documents.id = sold.document_id
         WHERE documents.category = '{CATEGORY}' AND documents.deleted_at IS NULL
           AND sold.kind = 'conversion' AND sold.occurred_at >= {from} AND sold.occurred_at < {before}
         GROUP BY documents.id ORDER BY quantity DESC, documents.key COLLATE \"C\" LIMIT {FIRST}"
    )
}

/// The sales of all categories from a table of sales, with the number of their documents.
fn totals_query(table: &str, period: Period) -> String {
    let [from, .., before] = bounds(period);
    totals(&format!(
        "SELECT documents.category, SUM(sold.quantity) AS quantity
         FROM {table} AS sold JOIN documents ON documents.id = sold.document_id
         WHERE documents.category IS NOT NULL AND documents.deleted_at IS NULL
           AND sold.kind = 'conversion' AND sold.occurred_at >= {from} AND sold.occurred_at < {before}
         GROUP BY documents.category"
    ))
}

/// The same from a roll-up by category.
///
/// It would be wrong after a document is deleted, or changes its category.
fn totals_by_category(period: Period) -> String {
    let [from, first_day, last_day, before] = bounds(period);
    totals(&format!(
        "SELECT category, SUM(quantity) AS quantity FROM category_days
         WHERE kind = 'conversion' AND day >= {first_day} AND day < {last_day} GROUP BY category
         UNION ALL SELECT documents.category, SUM(sold.quantity)
         FROM interactions AS sold JOIN documents ON documents.id = sold.document_id
         WHERE documents.category IS NOT NULL AND documents.deleted_at IS NULL AND sold.kind = 'conversion'
           AND (sold.occurred_at >= {from} AND sold.occurred_at < {first_day}
             OR sold.occurred_at >= {last_day} AND sold.occurred_at < {before})
         GROUP BY documents.category"
    ))
}

fn totals(sums: &str) -> String {
    format!(
        "SELECT category, SUM(quantity)::bigint AS quantity, SUM(documents)::bigint AS documents FROM (
           SELECT category, 0 AS quantity, COUNT(*) AS documents FROM documents
           WHERE deleted_at IS NULL AND category IS NOT NULL GROUP BY category
           UNION ALL SELECT category, quantity, 0 FROM ({sums}) AS sums
         ) AS parts GROUP BY category ORDER BY 2 DESC, 1"
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

fn rows(report: CategoryReport) -> Vec<(String, i64)> {
    report.rows.into_iter().map(|(document, quantity)| (document.key.into(), quantity)).collect()
}

async fn cached(reports: &Reports, period: Period) -> (CacheStatus, Vec<(String, i64)>) {
    let parameters = CategoryDocuments {
        name: CATEGORY.to_owned(),
        source: None,
        kind: KIND,
        period: ReportPeriod { from: Some(period.from), before: period.before },
        first: FIRST,
    };
    let report = reports.get(parameters, false).await.unwrap();
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
