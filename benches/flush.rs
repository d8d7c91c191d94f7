//! How many searches a second does a flush store in PostgreSQL?
//!
//! `tests/services.sh start`, `eval "$(tests/services.sh env)"` and
//! `cargo bench --bench flush -- 100000` stores that many searches, a thousand a transaction:
//! - by plain multi-row INSERT, into a table without indexes but its key, and into one with those
//!   of the log;
//! - by the store, which also passes over duplicates, leaves out erased people and keeps the
//!   roll-ups; then all of it again, as after a lease that ended too early;
//! - by four servers at once.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails loudly")]

use std::time::Instant;

use chrono::{DateTime, TimeDelta};
use quarry::domain::{FinalReason, LoggedSearchId, SessionId, UserId};
use quarry::store::{NewSearch, Store};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::sea_query::{Alias, Query};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, TransactionTrait};
use url::Url;
use uuid::Uuid;

/// Searches in one transaction: what the flusher takes at most.
const BATCH: usize = 1_000;

fn main() {
    let size = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure(size));
}

async fn measure(size: usize) {
    let server = std::env::var("QUARRY_TEST_POSTGRES_URL").unwrap();
    let admin = Database::connect(&server).await.unwrap();
    let name = format!("quarry_bench_{}", Uuid::new_v4().simple());
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    let mut url = Url::parse(&server).unwrap();
    url.set_path(&name);

    let store = Store::connect(url.as_str(), 4).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let searches = searches(size);
    let plain = Database::connect(url.as_str()).await.unwrap();
    for (table, including, what) in
        [("bare", "DEFAULTS", "plain INSERT, key only"), ("indexed", "ALL", "plain INSERT, all indexes")]
    {
        let create = format!("CREATE TABLE {table} (LIKE search_logs INCLUDING {including})");
        plain.execute_unprepared(&create).await.unwrap();
        if including != "ALL" {
            plain.execute_unprepared(&format!("ALTER TABLE {table} ADD PRIMARY KEY (id)")).await.unwrap();
        }
        let started = Instant::now();
        for batch in searches.chunks(BATCH) {
            insert(&plain, table, batch).await;
        }
        report(what, size, started);
    }
    plain.close().await.unwrap();

    let started = Instant::now();
    for batch in searches.chunks(BATCH) {
        assert_eq!(store.log_searches(batch).await.unwrap().inserted.len(), batch.len());
    }
    report("the store", size, started);
    let started = Instant::now();
    for batch in searches.chunks(BATCH) {
        assert_eq!(store.log_searches(batch).await.unwrap().duplicates, batch.len());
    }
    report("the store, once more", size, started);

    store.migrate_down(100).await.unwrap();
    store.migrate_up(None).await.unwrap();
    let started = Instant::now();
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
    report("four servers at once", size, started);
    store.close().await.unwrap();
    admin.execute_unprepared(&format!("DROP DATABASE {name} WITH (FORCE)")).await.unwrap();
}

fn report(what: &str, size: usize, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("{what:<28} {seconds:>8.2} s {:>9.0} searches/s", size as f64 / seconds);
}

/// Searches of an hour: a few queries often, most of them seldom.
fn searches(size: usize) -> Vec<NewSearch> {
    let mut random = StdRng::seed_from_u64(1);
    let began = DateTime::parse_from_rfc3339("2026-11-20T10:00:00Z").unwrap().to_utc();
    (0..size)
        .map(|number| {
            let popularity: f64 = random.random();
            let query = format!("business data {}", (popularity.powi(4) * 50_000.0) as u32);
            let started_at = began + TimeDelta::milliseconds(number as i64 * 3_600_000 / size as i64);
            NewSearch {
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
                reason: FinalReason::Idle,
                started_at,
                last_keystroke_at: started_at + TimeDelta::seconds(3),
            }
        })
        .collect()
}

/// The same columns, by nothing but an INSERT.
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
