//! The rate of flushing searches into PostgreSQL, relative to plain INSERT.
//!
//! `cargo bench --bench flush -- 100000` stores that many searches in a PostgreSQL of its own, with a thousand
//! per transaction:
//! - by plain multi-row INSERT of the same columns, into a table with only its primary key, and into one with
//!   the indexes of the log (the base of the ratios);
//! - by the store, which also ignores duplicates, skips erased users and maintains the roll-ups; then all again,
//!   as after a lease that ended too early;
//! - by four concurrent servers;
//! - by the flusher, which also claims, folds and acknowledges: from the embedded buffer, and from Redis if
//!   `redis-server` is installed. Each search was typed in five keystrokes.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

#[path = "support/postgres.rs"]
#[expect(dead_code, reason = "its CPU time is not measured here")]
mod postgres;
#[path = "support/process.rs"]
#[expect(dead_code, reason = "no HTTP and no CPU time here")]
mod process;
#[path = "support/redis.rs"]
#[expect(dead_code, reason = "only the buffer connects to it")]
mod redis_server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta};
use postgres::OwnPostgres;
use process::is_installed;
use quarry::domain::{FinalReason, InputId, Keystroke, LoggedSearchId, SessionId, UserId};
use quarry::keystroke::{
    BufferLimits, ClaimScope, Exclusions, FlushStatus, FlushStep, Flusher, FoldPolicy, KeystrokeBuffer,
    LocalBuffer, LocalFeed, Mask, RedisBuffer,
};
use quarry::store::{NewSearch, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redis_server::OwnRedis;
use sea_orm::sea_query::{Alias, Query};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use uuid::Uuid;

/// The searches per transaction: the maximum of the flusher.
const BATCH: usize = 1_000;
/// The keystrokes of a search.
const STROKES: usize = 5;

/// The binary's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(size));
}

async fn measure(size: usize) {
    let Some(server) = OwnPostgres::start() else {
        println!("PostgreSQL is missing: install it (Debian's package postgresql)");
        return;
    };
    let url = server.url("postgres");
    let store = Store::connect(&url, 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let searches = searches(size);
    let plain = Database::connect(&url).await.unwrap();
    let mut report = Report { size, base: None };
    for (table, including, what) in
        [("indexed", "ALL", "plain INSERT, all indexes"), ("bare", "DEFAULTS", "plain INSERT, key only")]
    {
        let create = format!("CREATE TABLE {table} (LIKE search_logs INCLUDING {including})");
        plain.execute_unprepared(&create).await.unwrap();
        if including != "ALL" {
            plain.execute_unprepared(&format!("ALTER TABLE {table} ADD PRIMARY KEY (id)")).await.unwrap();
        }
        let started = checkpoint(&plain).await;
        for batch in searches.chunks(BATCH) {
            insert(&plain, table, batch).await;
        }
        report.line(what, started);
    }

    let started = checkpoint(&plain).await;
    for batch in searches.chunks(BATCH) {
        assert_eq!(store.log_searches(batch).await.unwrap().inserted.len(), batch.len());
    }
    report.line("the store", started);
    let started = checkpoint(&plain).await;
    for batch in searches.chunks(BATCH) {
        assert_eq!(store.log_searches(batch).await.unwrap().duplicates, batch.len());
    }
    report.line("the store, once more", started);

    let started = emptied(&store, &plain).await;
    let mut servers = tokio::task::JoinSet::new();
    for share in searches.chunks(size.div_ceil(4)) {
        let (store, share) = (store.clone(), share.to_vec());
        servers.spawn(async move {
            for batch in share.chunks(BATCH) {
                store.log_searches(batch).await.unwrap();
            }
        });
    }
    servers.join_all().await;
    report.line("four servers at once", started);

    let folder = tempfile::tempdir().unwrap();
    let limits = BufferLimits { keystrokes: u64::MAX >> 8, bytes: u64::MAX >> 8, ..BufferLimits::default() };
    let local = Arc::new(LocalBuffer::open(folder.path(), limits, Duration::from_secs(1)).unwrap());
    flush(local, &searches, &store, &plain, "the flusher, embedded", &mut report).await;
    if is_installed("redis-server") {
        let redis = OwnRedis::start();
        let buffer = Arc::new(RedisBuffer::open(&redis.url(), "bench", limits).unwrap());
        flush(buffer, &searches, &store, &plain, "the flusher, Redis", &mut report).await;
    } else {
        println!("redis-server is missing: skipping Redis (Debian's package redis-server)");
    }
    plain.close().await.unwrap();
    store.close().await.unwrap();
}

/// Prints durations, relative to the first.
struct Report {
    size: usize,
    base: Option<f64>,
}

impl Report {
    fn line(&mut self, what: &str, started: Instant) {
        let seconds = started.elapsed().as_secs_f64();
        let rate = self.size as f64 / seconds;
        let base = *self.base.get_or_insert(rate);
        println!("{what:<28} {seconds:>8.2} s {rate:>9.0} searches/s {:>7.2} of plain", rate / base);
    }
}

/// Runs a checkpoint, so that no measurement pays for an earlier one.
async fn checkpoint(plain: &DatabaseConnection) -> Instant {
    plain.execute_unprepared("CHECKPOINT").await.unwrap();
    Instant::now()
}

async fn emptied(store: &Store, plain: &DatabaseConnection) -> Instant {
    store.migrate_down(100).await.unwrap();
    store.migrate_up(None).await.unwrap();
    checkpoint(plain).await
}

/// Types the searches into a buffer, and times the flusher.
async fn flush(
    buffer: Arc<dyn KeystrokeBuffer>,
    searches: &[NewSearch],
    store: &Store,
    plain: &DatabaseConnection,
    what: &str,
    report: &mut Report,
) {
    for batch in searches.chunks(20) {
        let keystrokes: Vec<Keystroke> = batch.iter().flat_map(typed).collect();
        buffer.append(&keystrokes).await.unwrap();
    }
    let policy = FoldPolicy {
        window: BufferLimits::default().window,
        continue_window: std::time::Duration::from_secs(30),
        mask: Some(Mask::default()),
    };
    let feed = Arc::new(LocalFeed::new());
    let mut flusher = Flusher::new(
        buffer.clone(),
        store.clone(),
        feed,
        policy,
        Exclusions::default(),
        FlushStatus::default(),
    );
    let started = emptied(store, plain).await;
    while flusher.step(ClaimScope::Due).await.unwrap() != FlushStep::Idle {}
    report.line(what, started);
    let health = buffer.health().await.unwrap();
    assert_eq!((health.searches, health.runs), (searches.len() as u64, 0));
}

/// The keystrokes of a search: growing prefixes, the last one submitted.
fn typed(search: &NewSearch) -> impl Iterator<Item = Keystroke> {
    (1..=STROKES).map(|stroke| Keystroke {
        session: search.session.clone(),
        user: search.user.clone(),
        input: InputId::default(),
        text: search.query[..search.query.len() * stroke / STROKES].to_owned(),
        sequence: Some(stroke as i64),
        submitted: stroke == STROKES,
        result_count: search.result_count,
        composing: false,
        context: Default::default(),
    })
}

/// The searches of an hour: a few frequent queries and many rare ones.
fn searches(size: usize) -> Vec<NewSearch> {
    let mut random = StdRng::seed_from_u64(1);
    let began = DateTime::parse_from_rfc3339("2026-11-20T10:00:00Z").unwrap().to_utc();
    (0..size)
        .map(|number| {
            let popularity: f64 = random.random();
            let query = format!("business data {}", (popularity.powi(4) * 50_000.0) as u32);
            let started_at = began + TimeDelta::milliseconds(number as i64 * 3_600_000 / size as i64);
            NewSearch {
                revision: 1,
                id: LoggedSearchId(Uuid::from_u128(random.random())),
                session: SessionId::parse(&Uuid::from_u128(random.random()).to_string()).unwrap(),
                user: random
                    .random_bool(0.5)
                    .then(|| UserId::parse(&format!("user-{}", random.random_range(0..20_000))).unwrap()),
                query_key: query.replace(' ', ""),
                query,
                truncated: false,
                keystrokes: 14,
                result_count: Some(random.random_range(0..200)),
                tier: None,
                context: Default::default(),
                reason: FinalReason::Idle,
                started_at,
                last_keystroke_at: started_at + TimeDelta::seconds(3),
            }
        })
        .collect()
}

/// Inserts the same columns without the store.
async fn insert(connection: &DatabaseConnection, table: &'static str, batch: &[NewSearch]) {
    let columns = [
        "id",
        "session_id",
        "user_id",
        "query",
        "query_key",
        "truncated",
        "keystrokes",
        "result_count",
        "reason",
        "started_at",
        "last_keystroke_at",
        "logged_at",
        "call_id",
    ];
    let (call, now) = (Uuid::new_v4(), chrono::Utc::now());
    let rows = batch.iter().map(|search| {
        [
            search.id.0.into(),
            search.session.as_str().into(),
            search.user.as_ref().map(|user| user.as_str().to_owned()).into(),
            search.query.as_str().into(),
            search.query_key.as_str().into(),
            search.truncated.into(),
            search.keystrokes.into(),
            search.result_count.into(),
            "idle".into(),
            search.started_at.into(),
            search.last_keystroke_at.into(),
            now.into(),
            call.into(),
        ]
    });
    let insert = Query::insert()
        .into_table(Alias::new(table))
        .columns(columns.map(Alias::new))
        .values_from_panic(rows)
        .take();
    let transaction = connection.begin().await.unwrap();
    transaction.execute(&insert).await.unwrap();
    transaction.commit().await.unwrap();
}
