//! Permanent erasure of a person.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use quarry::domain::Searcher;
use quarry::store::{NewSearch, SearchLogFilter};
use sea_orm::{ConnectionTrait, DbBackend, TransactionTrait};

use super::super::at;
use super::{
    assert_rolled_up, everything, quarters, query_hours, raw, remove_before, rows, search, session, user,
    waiting,
};
use crate::support::databases::{TestDatabase, on_each_database, run};

on_each_database!(
    roll_ups_exclude_erased_searches,
    an_erased_spelling_is_not_shown,
    later_flushes_drop_erased_searches,
    many_rows_are_deleted_in_steps,
    ids_are_not_stored,
    no_search_survives_while_servers_flush,
);

/// A time after the searches of these tests.
fn through() -> DateTime<Utc> {
    at("2026-11-20T23:00:00Z")
}

fn of_user(id: &str, search: NewSearch) -> NewSearch {
    NewSearch { user: Some(user(id)), ..search }
}

async fn roll_ups_exclude_erased_searches(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let found = |count: i64, search: NewSearch| NewSearch { result_count: Some(count), ..search };
    store
        .log_searches(&[
            found(0, search(1, "s", "bus", 1)),
            found(4, of_user("u", search(2, "s", "bus", 2))),
            found(2, of_user("u", search(3, "t", "bus", 4_000))),
            found(0, of_user("u", search(4, "t", "my own name", 4_001))),
            found(6, of_user("v", search(5, "t", "bus", 4_002))),
        ])
        .await
        .unwrap();
    assert_eq!(store.erase_searches(&Searcher::User(user("u")), through()).await.unwrap(), 3);
    let left: Vec<u128> = everything(&store).await.iter().map(|search| search.id.0.as_u128()).collect();
    assert_eq!(left, [5, 1]);
    assert_rolled_up(&database, &store).await;
    assert_eq!(store.erase_searches(&Searcher::User(user("u")), through()).await.unwrap(), 0);
    assert_eq!(store.erase_searches(&Searcher::User(user("s")), through()).await.unwrap(), 0);

    assert_eq!(store.erase_searches(&Searcher::Session(session("s")), through()).await.unwrap(), 1);
    assert_eq!(store.erase_searches(&Searcher::Session(session("t")), through()).await.unwrap(), 1);
    assert!(query_hours(&database).await.is_empty());
    assert!(quarters(&database).await.is_empty());
}

async fn an_erased_spelling_is_not_shown(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let shown = async || query_hours(&database).await.into_values().map(|of| of.query).collect::<Vec<_>>();
    store
        .log_searches(&[
            search(1, "a", "mein bus", 1),
            search(2, "b", "Mein Bus", 2),
            search(3, "c", "MEIN BUS", 3),
            // The same time as the latest spelling.
            search(4, "d", "meinBus", 3),
            search(5, "a", "MeinBus", 4),
        ])
        .await
        .unwrap();
    let erase = async |id: &str| {
        store.erase_searches(&Searcher::Session(session(id)), through()).await.unwrap();
        assert_rolled_up(&database, &store).await;
        shown().await
    };
    assert_eq!(erase("a").await, ["meinBus"]);
    assert_eq!(erase("d").await, ["MEIN BUS"]);
    // Not that of the latest spelling.
    assert_eq!(erase("b").await, ["MEIN BUS"]);
    assert!(erase("c").await.is_empty());
}

async fn later_flushes_drop_erased_searches(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let through = at("2026-11-20T10:00:10Z");
    assert_eq!(store.erase_searches(&Searcher::User(user("u")), through).await.unwrap(), 0);
    assert_eq!(store.erase_searches(&Searcher::Session(session("gone")), through).await.unwrap(), 0);
    let searches = [
        of_user("u", search(1, "s", "before", 9)),
        of_user("u", search(2, "s", "to the point", 10)),
        of_user("u", search(3, "s", "after", 11)),
        of_user("v", search(4, "s", "another", 5)),
        search(5, "s", "anonymous", 5),
        of_user("v", search(6, "gone", "session", 5)),
        search(7, "gone", "session, after", 11),
        // A user with the name of the session, and a session with the name of the user.
        of_user("gone", search(8, "u", "names", 5)),
    ];
    for _ in 0..2 {
        let outcome = store.log_searches(&searches).await.unwrap();
        assert_eq!(outcome.erased, 3);
        assert_eq!(outcome.inserted.len() + outcome.duplicates, 5);
    }
    let mut left: Vec<u128> = everything(&store).await.iter().map(|search| search.id.0.as_u128()).collect();
    left.sort_unstable();
    assert_eq!(left, [3, 4, 5, 7, 8]);
    assert_rolled_up(&database, &store).await;

    // An erasure up to an earlier time does not shorten the first.
    let earlier = through - TimeDelta::seconds(5);
    assert_eq!(store.erase_searches(&Searcher::User(user("u")), earlier).await.unwrap(), 1);
    let outcome = store.log_searches(&searches[..3]).await.unwrap();
    assert_eq!((outcome.inserted.len(), outcome.erased), (1, 2));
}

async fn many_rows_are_deleted_in_steps(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let searches: Vec<NewSearch> = (0..2_600)
        .map(|n| {
            let of = if n % 13 == 0 { "other" } else { "s" };
            search(n, of, &format!("Query {}", n % 40), (n * 7) as i64)
        })
        .collect();
    store.log_searches(&searches).await.unwrap();
    assert_eq!(store.erase_searches(&Searcher::Session(session("s")), through()).await.unwrap(), 2_400);
    assert_eq!(everything(&store).await.len(), 200);
    assert_rolled_up(&database, &store).await;
}

async fn ids_are_not_stored(database: Arc<TestDatabase>) {
    let store = database.store().await;
    store.erase_searches(&Searcher::User(user("canary")), through()).await.unwrap();
    let connection = raw(&database).await;
    let text = match connection.get_database_backend() {
        DbBackend::Postgres => "SELECT e::text AS line FROM search_erasures e",
        DbBackend::MySql => {
            "SELECT CONVERT(CONCAT(searcher, through, erased_at) USING latin1) AS line FROM search_erasures"
        }
        _ => "SELECT hex(searcher) || through || erased_at AS line FROM search_erasures",
    };
    let lines = rows(&connection, text).await;
    assert_eq!(lines.len(), 1);
    assert!(!lines[0].try_get::<String>("", "line").unwrap().contains("canary"));

    // After a day, no flusher has claims of that person: the erasure is deleted.
    let old = match connection.get_database_backend() {
        DbBackend::Postgres => "UPDATE search_erasures SET erased_at = now() - interval '25 hours'",
        DbBackend::MySql => "UPDATE search_erasures SET erased_at = UTC_TIMESTAMP(6) - INTERVAL 25 HOUR",
        _ => "UPDATE search_erasures SET erased_at = '2020-01-01T00:00:00+00:00'",
    };
    connection.execute_unprepared(old).await.unwrap();
    remove_before(&store, at("2020-01-01T00:00:00Z"), 10).await;
    assert!(rows(&connection, "SELECT searcher FROM search_erasures").await.is_empty());
    connection.close().await.unwrap();
}

async fn no_search_survives_while_servers_flush(database: Arc<TestDatabase>) {
    const FLUSHES: u128 = 25;
    let store = database.store().await;
    let mut servers = tokio::task::JoinSet::new();
    let is_erased = tokio::sync::watch::Sender::new(false);
    for server in 0..4_u128 {
        let store = database.connect().await;
        let mut is_erased = is_erased.subscribe();
        servers.spawn(async move {
            let mut erased = 0;
            for flush in 0..FLUSHES {
                if flush + 1 == FLUSHES {
                    // The last flush always follows the erasure.
                    is_erased.wait_for(|is_erased| *is_erased).await.unwrap();
                }
                let searches: Vec<NewSearch> = (0..20_u128)
                    .map(|n| {
                        // Neighbours send overlapping searches.
                        let number = (flush * 4 + server) * 15 + n;
                        let of = if number % 2 == 0 { "gone" } else { "stays" };
                        let queries = ["Bus", "train", "bus", "Train"];
                        search(number, of, queries[number as usize % 4], (number * 31) as i64)
                    })
                    .collect();
                erased += store.log_searches(&searches).await.unwrap().erased;
            }
            erased
        });
    }
    // During the flushes.
    let gone = SearchLogFilter { session: Some(session("gone")), ..Default::default() };
    while store.count_searches(&gone).await.unwrap() < 200 {
        assert!(!servers.is_empty() && servers.try_join_next().is_none());
    }
    let erased = store.erase_searches(&Searcher::Session(session("gone")), through()).await.unwrap();
    assert!(erased >= 200);
    is_erased.send_replace(true);
    let left_out: usize = servers.join_all().await.into_iter().sum();
    assert!(left_out > 0);
    assert_eq!(store.count_searches(&gone).await.unwrap(), 0);
    assert_eq!(everything(&store).await.len() as u128, (FLUSHES * 4 * 15 + 5) / 2);
    assert_rolled_up(&database, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_waits_for_a_running_flush_on_postgres() {
    run(TestDatabase::postgres().await, an_erasure_waits_for_a_running_flush).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_waits_for_a_running_flush_on_mysql() {
    run(TestDatabase::mysql().await, an_erasure_waits_for_a_running_flush).await;
}

/// Without waiting, an erasure would miss the uncommitted rows of a flush.
async fn an_erasure_waits_for_a_running_flush(database: Arc<TestDatabase>) {
    let store = database.store().await;
    store.log_searches(&[search(1, "other", "bus", 0)]).await.unwrap();
    let connection = raw(&database).await;
    let stops = [
        // The flush has read the erasures, but has not stored the person's search.
        "DELETE FROM search_logs",
        // It has stored the search without a commit.
        "UPDATE search_query_hours SET searches = searches",
    ];
    for (stop, number) in stops.into_iter().zip(2..) {
        let holder = connection.begin().await.unwrap();
        holder.execute_unprepared(stop).await.unwrap();
        let gone = format!("gone {number}");
        let flush = tokio::spawn({
            let (store, gone) = (store.clone(), gone.clone());
            async move {
                let searches = [search(1, "other", "bus", 0), search(number, &gone, "bus", 1)];
                store.log_searches(&searches).await.unwrap()
            }
        });
        while waiting(&connection).await < 1 {
            assert!(!flush.is_finished());
        }
        let erasure = tokio::spawn({
            let (store, gone) = (store.clone(), Searcher::Session(session(&gone)));
            async move { store.erase_searches(&gone, through()).await.unwrap() }
        });
        while waiting(&connection).await < 2 {
            assert!(!erasure.is_finished());
        }
        holder.rollback().await.unwrap();
        let outcome = flush.await.unwrap();
        assert_eq!((outcome.inserted.len(), outcome.duplicates), (1, 1));
        assert_eq!(erasure.await.unwrap(), 1);
        assert_eq!(everything(&store).await.len(), 1);
        assert_rolled_up(&database, &store).await;
    }
    connection.close().await.unwrap();
}
