//! Benchmark of cached reports: beside a bare GET, and under a stampede.
//!
//! `cargo bench --bench reports -- 200000` logs that many searches in a PostgreSQL of its own, and then
//! measures the report of the 10 and the 100 most frequent queries:
//! - computed each time, past the cache;
//! - from Redis, alternating with a bare GET of the same bytes by the same client library in the same
//!   process (ratios are to this one);
//! - from the in-process cache;
//! - for a thousand concurrent callers on two servers with one Redis, each time that the report expires:
//!   the number of computations, and the slowest caller beside a single one.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "this benchmark does not measure CPU time")]
mod postgres;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "this benchmark does not use HTTP")]
mod process;
#[path = "support/redis.rs"]
#[expect(dead_code, reason = "this benchmark connects through the cache")]
mod redis_server;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use futures_util::future::join_all;
use hdrhistogram::Histogram;
use postgres::OwnPostgres;
use process::is_installed;
use quarry::cache::{Cache, CacheLimits, CacheStatus, LocalCache, RedisCache};
use quarry::domain::{FinalReason, LoggedSearchId, SessionId, Timestamp, comparison_key};
use quarry::report::{Coverage, CoverageError, ReportPeriod, Reports, TopSearches};
use quarry::store::{NewSearch, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redis_server::OwnRedis;
use uuid::Uuid;

/// Searches per transaction.
const BATCH: usize = 1_000;
/// Distinct queries.
const QUERIES: f64 = 20_000.0;
/// Computed reports.
const COMPUTED: usize = 50;
/// Cached reports, and bare GETs, in alternating series of `TURN`.
const CACHED: usize = 50_000;
const TURN: usize = 500;
/// Concurrent callers, and the number of stampedes.
const CALLERS: usize = 1_000;
const STAMPEDES: usize = 10;
/// The TTL during stampedes.
const SHORT_TTL: Duration = Duration::from_secs(2);

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(200_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(size));
}

async fn measure(size: usize) {
    let Some(server) = OwnPostgres::start().filter(|_| is_installed("redis-server")) else {
        println!("PostgreSQL or Redis is missing: install them (Debian's packages postgresql, redis-server)");
        return;
    };
    let redis = OwnRedis::start();
    let store = Store::connect(&server.url("postgres"), 8).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let mut random = StdRng::seed_from_u64(1);
    let searches: Vec<NewSearch> = (0..size).map(|_| search(&mut random)).collect();
    for batch in searches.chunks(BATCH) {
        store.log_searches(batch).await.unwrap();
    }
    while store.roll_up_searches(Utc::now()).await.unwrap() {}
    println!("{size} searches of {QUERIES} queries within 30 days");

    for rows in [10, 100] {
        println!("the {rows} most frequent queries");
        let redis_cache =
            || Arc::new(RedisCache::open(&redis.url(), "bench", CacheLimits::default()).unwrap());
        let coverage = Arc::new(Computations::default());
        let reports =
            Reports::new(store.clone(), redis_cache(), coverage.clone(), Duration::from_secs(3_600));
        let mut computed = histogram();
        for _ in 0..COMPUTED {
            timed(&mut computed, request(&reports, rows, true, CacheStatus::Bypass)).await;
        }
        line("computed", &computed, None);
        beside_bare_get(&redis, &reports, rows).await;
        let local: Arc<dyn Cache> = Arc::new(LocalCache::new(CacheLimits::default()));
        let reports = Reports::new(store.clone(), local, coverage, Duration::from_secs(3_600));
        request(&reports, rows, false, CacheStatus::Miss).await;
        let mut cached = histogram();
        for _ in 0..CACHED {
            timed(&mut cached, request(&reports, rows, false, CacheStatus::Hit)).await;
        }
        line("from this process", &cached, None);
        stampedes(&store, redis_cache, rows).await;
        redis::cmd("FLUSHALL").exec(&mut redis.connect()).unwrap();
    }
    store.close().await.unwrap();
}

async fn beside_bare_get(redis: &OwnRedis, reports: &Reports, rows: u64) {
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("bench:{cache-1}:e:*").query(&mut redis.connect()).unwrap();
    assert_eq!(keys.len(), 1, "the report is the one entry");
    let client = redis::Client::open(redis.url()).unwrap();
    let mut bare_connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut bytes: Vec<u8> = Vec::new();
    let (mut bare, mut cached) = (histogram(), histogram());
    for _ in 0..CACHED / TURN {
        for _ in 0..TURN {
            let get = async {
                bytes = redis::cmd("GET").arg(&keys[0]).query_async(&mut bare_connection).await.unwrap();
            };
            timed(&mut bare, get).await;
        }
        for _ in 0..TURN {
            timed(&mut cached, request(reports, rows, false, CacheStatus::Hit)).await;
        }
    }
    line(&format!("bare GET of {} bytes", bytes.len()), &bare, None);
    line("from Redis", &cached, Some(&bare));
}

fn top_searches(rows: u64) -> TopSearches {
    TopSearches { period: ReportPeriod::default(), facts: Vec::new(), offset: 0, first: rows }
}

async fn stampedes(store: &Store, cache: impl Fn() -> Arc<RedisCache>, rows: u64) {
    let computations = Arc::new(Computations::default());
    let servers = [1, 2].map(|_| Reports::new(store.clone(), cache(), computations.clone(), SHORT_TTL));
    for _ in 0..2 {
        servers[0].clear().await.unwrap();
        for server in &servers {
            server.get(top_searches(rows), false).await.unwrap();
        }
    }
    let (mut alone, mut slowest, mut callers) = (histogram(), histogram(), histogram());
    let mut count = 0;
    for _ in 0..STAMPEDES {
        // A single caller after each expiry.
        tokio::time::sleep(SHORT_TTL).await;
        timed(&mut alone, request(&servers[0], rows, false, CacheStatus::Miss)).await;
        tokio::time::sleep(SHORT_TTL).await;
        let before = computations.0.load(Ordering::Relaxed);
        let calls = (0..CALLERS).map(|number| {
            let server = servers[number % 2].clone();
            tokio::spawn(async move {
                let started = Instant::now();
                server.get(top_searches(rows), false).await.unwrap();
                nanoseconds(started)
            })
        });
        let times = join_all(calls.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap);
        let times: Vec<u64> = times.collect();
        count += computations.0.load(Ordering::Relaxed) - before;
        slowest.saturating_record(*times.iter().max().unwrap());
        times.into_iter().for_each(|time| callers.saturating_record(time));
    }
    println!("{STAMPEDES} times {CALLERS} callers on two servers: {count} computations");
    line("single caller", &alone, None);
    line("each caller", &callers, Some(&alone));
    line("the slowest caller", &slowest, Some(&alone));
}

/// Requests the report, and checks its rows and cache status.
async fn request(reports: &Reports, rows: u64, refresh: bool, expected: CacheStatus) {
    let report = reports.get(top_searches(rows), refresh).await.unwrap();
    assert_eq!((report.value.len() as u64, report.cache_status), (rows, expected));
}

/// A coverage without pending keystrokes. Its calls count the computations.
#[derive(Default)]
struct Computations(AtomicUsize);

#[async_trait]
impl Coverage for Computations {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    }
}

fn search(random: &mut StdRng) -> NewSearch {
    // Few queries are frequent.
    let rank = QUERIES.powf(random.random::<f64>()) as u64;
    let query = format!("query {rank} of some length");
    let last_keystroke_at = Utc::now() - TimeDelta::seconds(random.random_range(0..30 * 24 * 3_600));
    NewSearch {
        revision: 1,
        id: LoggedSearchId(Uuid::from_u128(random.random())),
        session: SessionId::parse(&format!("session {}", random.random_range(0..100_000))).unwrap(),
        user: None,
        query_key: comparison_key(&query),
        query,
        truncated: false,
        keystrokes: 5,
        result_count: Some(random.random_range(0..50)),
        tier: None,
        context: Default::default(),
        reason: FinalReason::Idle,
        started_at: last_keystroke_at - TimeDelta::seconds(3),
        last_keystroke_at,
    }
}

fn histogram() -> Histogram<u64> {
    // Up to a minute; longer durations saturate.
    Histogram::new_with_bounds(1, 60_000_000_000, 3).unwrap()
}

async fn timed(histogram: &mut Histogram<u64>, work: impl Future<Output = ()>) {
    let started = Instant::now();
    work.await;
    histogram.saturating_record(nanoseconds(started));
}

fn nanoseconds(since: Instant) -> u64 {
    since.elapsed().as_nanos().try_into().unwrap()
}

fn line(what: &str, of: &Histogram<u64>, beside: Option<&Histogram<u64>>) {
    let us = |quantile| of.value_at_quantile(quantile) as f64 / 1_000.0;
    let ratio = |quantile| {
        let beside = beside.map(|beside| beside.value_at_quantile(quantile) as f64 / 1_000.0);
        beside.map_or_else(String::new, |beside| format!(" ({:.2}×)", us(quantile) / beside))
    };
    println!("  {what:<28} p50 {:>9.1} µs{} p99 {:>9.1} µs{}", us(0.5), ratio(0.5), us(0.99), ratio(0.99));
}
