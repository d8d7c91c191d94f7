//! Roll-ups in the background.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use quarry::store::{NewSearch, Store};
use sea_orm::{ConnectionTrait, DbBackend, IsolationLevel, Statement, TransactionTrait};

use super::super::at;
use super::{raw, rows, search, waiting};
use crate::support::databases::{TestDatabase, on_each_database, run};

on_each_database!(a_changing_day_is_not_rolled_up);

/// The oldest day changes every ten minutes, as by retention.
async fn a_changing_day_is_not_rolled_up(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let connection = raw(&database).await;
    let backend = connection.get_database_backend();
    let change = async |number: u128, changed_at: &str| {
        store.log_searches(&[search(number, "s", "bus", 0)]).await.unwrap();
        let sql = match backend {
            DbBackend::Postgres => "UPDATE search_days SET changed_at = $1",
            _ => "UPDATE search_days SET changed_at = ?",
        };
        let update = Statement::from_sql_and_values(backend, sql, [at(changed_at).fixed_offset().into()]);
        connection.execute_raw(update).await.unwrap();
    };
    let is_rolled = async |now: &str| {
        while store.roll_up_searches(at(now)).await.unwrap() {}
        rows(&connection, "SELECT rolled FROM search_days").await[0].try_get::<bool>("", "rolled").unwrap()
    };
    // The day has just ended.
    change(1, "2026-11-21T00:02:00Z").await;
    assert!(!is_rolled("2026-11-21T00:06:59Z").await);
    assert!(is_rolled("2026-11-21T00:07:00Z").await);
    // The day ended long ago.
    change(2, "2026-11-25T10:00:00Z").await;
    assert!(!is_rolled("2026-11-25T10:29:59Z").await);
    assert!(is_rolled("2026-11-25T10:30:00Z").await);
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_hour_is_skipped_on_postgres() {
    run(TestDatabase::postgres().await, no_hour_is_skipped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_hour_is_skipped_on_mysql() {
    run(TestDatabase::mysql().await, no_hour_is_skipped).await;
}

/// Late searches of an hour arrive while a later hour is sketched.
async fn no_hour_is_skipped(database: Arc<TestDatabase>) {
    const SEARCHES: u128 = 10;
    let store = database.store().await;
    let over = Utc::now() + TimeDelta::days(2);
    let log = async |store: &Store, hour: u128, query: &str| {
        let search = |number| search(hour * 100 + number, "s", query, hour as i64 * 3_600);
        store.log_searches(&(0..SEARCHES).map(search).collect::<Vec<NewSearch>>()).await.unwrap();
    };
    log(&store, 0, "bus").await;
    log(&store, 2, "bus").await;
    assert!(store.roll_up_searches(over).await.unwrap());
    let connection = raw(&database).await;
    assert_eq!(unsketched_hours(&connection).await, 1);

    let holder = connection.begin_with_config(Some(IsolationLevel::ReadCommitted), None).await.unwrap();
    let hold = "UPDATE search_query_hours SET searches = searches WHERE query_key = 'bus'";
    holder.execute_unprepared(hold).await.unwrap();
    let step = tokio::spawn({
        let store = store.clone();
        async move { store.roll_up_searches(over).await.unwrap() }
    });
    while waiting(&connection).await < 1 {
        assert!(!step.is_finished());
    }
    log(&store, 1, "train").await;
    holder.rollback().await.unwrap();
    assert!(step.await.unwrap());
    while store.roll_up_searches(over).await.unwrap() {}
    assert_eq!(unsketched_hours(&connection).await, 0);
    connection.close().await.unwrap();
}

/// The number of roll-ups by hour without a sketch.
async fn unsketched_hours(connection: &sea_orm::DatabaseConnection) -> i64 {
    let sql = "SELECT COUNT(*) AS hours FROM search_query_hours WHERE sessions IS NULL";
    rows(connection, sql).await[0].try_get("", "hours").unwrap()
}
