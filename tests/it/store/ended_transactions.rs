//! Transactions that SQLite ends by itself: acknowledged writes after them are stored.
//!
//! SQLite does so if the disk is full; a trigger has the same effect on any call.

use std::time::Duration;

use futures_util::future::BoxFuture;
use quarry::domain::{
    Crawl, CrawlState, FinalReason, Interaction, InteractionId, InteractionKind, LoggedSearchId,
    PagePosition, Period, Searcher, SessionId, Tally,
};
use quarry::store::{CrawlEnd, Lease, NewSearch, PageCommit, PageSlot, RetentionTerms, Store, StoreError};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use uuid::Uuid;

use super::{at, draft, source};
use crate::support::databases::TestDatabase;
use crate::support::wait::ends;

const LONG: Duration = Duration::from_secs(600);
/// The time of the searches.
const NOON: &str = "2026-11-20T12:00:00Z";
/// A time at which that day is complete and rolled up.
const LATER: &str = "2026-11-22T12:00:00Z";

/// A retention that deletes the search of that noon, without a daily limit.
const DAY: RetentionTerms = RetentionTerms { keep: Duration::from_secs(86_400), daily_share: 1.0 };

/// The state before a call, in which each has something to write.
struct Before {
    lease: Lease,
    crawl: Crawl,
    slot: PageSlot,
}

type Call = for<'a> fn(&'a Store, &'a Before) -> BoxFuture<'a, Result<(), StoreError>>;

/// Boxes a call without its result.
macro_rules! call {
    ($store:ident, $before:pat => $call:expr) => {
        |$store, $before| Box::pin(async move { $call.await.map(|_| ()) })
    };
}

/// All calls that write.
const CALLS: [(&str, Call); 20] = [
    ("upsert", call!(store, _ => store.upsert_documents(&[draft("new", "text")]))),
    ("update", call!(store, _ => store.upsert_documents(&[draft("old", "other text")]))),
    ("delete", call!(store, _ => store.delete_documents(&[draft("old", "").id()]))),
    ("register a source", call!(store, _ => store.register_source(&source("more")))),
    ("acquire a lease", call!(store, _ => store.acquire_lease("other", Uuid::new_v4(), LONG))),
    ("renew a lease", call!(store, before => store.renew_lease(&before.lease, LONG))),
    ("release a lease", call!(store, before => store.release_lease(&before.lease))),
    (
        "take over a lease",
        call!(store, before => store.take_over_lease(&before.lease.name, before.lease.holder, Uuid::new_v4(), LONG)),
    ),
    ("begin a crawl", call!(store, _ => store.begin_crawl(&source("more"), false, at(NOON)))),
    (
        "begin an attempt",
        call!(store, before => store.begin_attempt(&before.lease, slot(&before.crawl, 2), at(NOON))),
    ),
    ("fail an attempt", call!(store, before => store.fail_attempt(&before.lease, before.slot, None, "why"))),
    (
        "commit a page",
        call!(store, before => store.commit_pages(&before.lease, vec![page(before.slot)], at(NOON))),
    ),
    (
        "finish a crawl",
        call!(store, before => store.finish_crawl(&before.lease, before.crawl.id, end(), at(NOON))),
    ),
    ("log searches", call!(store, _ => store.log_searches(&[search(2)]))),
    ("roll up searches", call!(store, _ => store.roll_up_searches(at(LATER)))),
    ("remove old searches", call!(store, _ => store.retain_searches(at(LATER), DAY, 10))),
    ("erase searches", call!(store, _ => store.erase_searches(&visitor(), at(LATER)))),
    ("record interactions", call!(store, _ => store.record_interactions(&[interaction(2)]))),
    ("erase interactions", call!(store, _ => store.erase_interactions(&visitor()))),
    ("migrate down", call!(store, _ => store.migrate_down(1))),
];

fn visitor() -> Searcher {
    Searcher::Session(SessionId::parse("visitor").unwrap())
}

fn search(number: u128) -> NewSearch {
    NewSearch {
        revision: 1,
        id: LoggedSearchId(Uuid::from_u128(number)),
        session: SessionId::parse("visitor").unwrap(),
        user: None,
        query: "bus".to_owned(),
        query_key: "bus".to_owned(),
        truncated: false,
        keystrokes: 3,
        result_count: None,
        tier: None,
        context: Default::default(),
        reason: FinalReason::Idle,
        started_at: at(NOON),
        last_keystroke_at: at(NOON),
    }
}

fn interaction(number: u128) -> Interaction {
    Interaction {
        id: InteractionId(Uuid::from_u128(number)),
        kind: InteractionKind::Click,
        document: draft("old", "").id(),
        quantity: 1,
        session: Some(SessionId::parse("visitor").unwrap()),
        user: None,
        search: None,
        position: None,
        occurred_at: at(NOON),
    }
}

fn slot(crawl: &Crawl, position: i64) -> PageSlot {
    PageSlot { crawl: crawl.id, position: PagePosition(position), sweep: 1 }
}

fn page(slot: PageSlot) -> PageCommit {
    PageCommit {
        is_attempted: true,
        slot,
        status: Some(200),
        items: 1,
        rejected: 0,
        hash: "hash".to_owned(),
        drafts: vec![draft("crawled", "text")],
        rejections: Vec::new(),
        kept: Vec::new(),
        deleted: Vec::new(),
        tally: Tally::of(slot.crawl),
        expected_total: None,
        cursor: "{}".to_owned(),
    }
}

fn end() -> CrawlEnd {
    CrawlEnd { state: CrawlState::Failed, error: None, sweep_vanished: None }
}

/// A store with one connection, so that calls share its state.
async fn begin(database: &TestDatabase) -> (Store, Before) {
    let store = Store::connect(database.url(), 1).await.unwrap();
    store.migrate_up(None).await.unwrap();
    store.upsert_documents(&[draft("old", "text")]).await.unwrap();
    store.log_searches(&[search(1)]).await.unwrap();
    store.record_interactions(&[interaction(1)]).await.unwrap();
    let lease = store.acquire_lease("crawl:messages", Uuid::new_v4(), LONG).await.unwrap().unwrap();
    let crawl = store.begin_crawl(&source("messages"), false, at(NOON)).await.unwrap();
    let slot = slot(&crawl, 1);
    store.begin_attempt(&lease, slot, at(NOON)).await.unwrap();
    (store, Before { lease, crawl, slot })
}

async fn tables(connection: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Makes each write end its transaction.
async fn arm(connection: &DatabaseConnection) {
    for table in tables(connection).await {
        for event in ["INSERT", "UPDATE", "DELETE"] {
            let sql = format!(
                "CREATE TRIGGER {table}_{event} BEFORE {event} ON {table}
                 BEGIN SELECT RAISE(ROLLBACK, 'ended by a trigger'); END"
            );
            connection.execute_unprepared(&sql).await.unwrap();
        }
    }
}

async fn disarm(connection: &DatabaseConnection) {
    for table in tables(connection).await {
        for event in ["INSERT", "UPDATE", "DELETE"] {
            connection.execute_unprepared(&format!("DROP TRIGGER {table}_{event}")).await.unwrap();
        }
    }
}

/// The contents of all tables, as another process reads them.
async fn contents(connection: &DatabaseConnection) -> Vec<(String, i64)> {
    let mut counts = Vec::new();
    for table in tables(connection).await {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let row = connection.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        counts.push((table, row.unwrap().try_get_by_index(0).unwrap()));
    }
    counts
}

#[tokio::test]
async fn acknowledged_writes_after_an_ended_transaction_are_stored() {
    for (name, call) in CALLS {
        let database = TestDatabase::sqlite();
        let (store, before) = begin(&database).await;
        let other = Database::connect(database.url()).await.unwrap();
        let stored = contents(&other).await;
        arm(&other).await;
        for attempt in 0..3 {
            let outcome = ends(name, call(&store, &before)).await;
            assert!(outcome.is_err(), "{name}, attempt {attempt}: nothing was written");
            // A snapshot ends by a rollback, which must end the whole transaction.
            store.top_searches(Period { from: at(NOON), before: None }, &[], 0, 10).await.unwrap();
        }
        assert_eq!(contents(&other).await, stored, "{name}");
        disarm(&other).await;
        for number in 0..3 {
            let key = format!("after-{number}");
            let acknowledged = ends(name, store.upsert_documents(&[draft(&key, "text")])).await;
            assert_eq!(acknowledged.unwrap().inserted, 1, "{name}");
            let id = draft(&key, "").id();
            let sql = format!("SELECT COUNT(*) FROM documents WHERE key = '{key}'");
            let row = other.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
            let found: i64 = row.unwrap().try_get_by_index(0).unwrap();
            assert_eq!(found, 1, "{name}: document {number} ({id:?}) was acknowledged and is not stored");
        }
        ends(name, call(&store, &before)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_ne!(contents(&other).await, stored, "{name}");
        // No open transaction blocks others.
        ends(name, other.execute_unprepared("DELETE FROM leases")).await.unwrap();
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn concurrent_failures_leak_no_connection() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let other = Database::connect(database.url()).await.unwrap();
    for round in 0..3 {
        arm(&other).await;
        let failing = (0..20).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let written = store.upsert_documents(&[draft(&format!("no-{number}"), "text")]).await;
                store.sources().await.unwrap();
                written.unwrap_err()
            })
        });
        ends("failing calls", futures_util::future::join_all(failing)).await;
        disarm(&other).await;
        let writing = (0..20).map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                store.upsert_documents(&[draft(&format!("{round}-{number}"), "text")]).await.unwrap()
            })
        });
        ends("calls afterwards", futures_util::future::join_all(writing)).await;
        let sql = "SELECT COUNT(*) FROM documents";
        let row = other.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        assert_eq!(row.unwrap().try_get_by_index::<i64>(0).unwrap(), 20 * (round + 1));
    }
}
