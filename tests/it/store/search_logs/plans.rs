//! Filters read indexes of a large log.

use std::sync::Arc;

use quarry::store::{NewSearch, SearchLogFilter, Slice};
use sea_orm::{ConnectionTrait, DbBackend};

use super::super::at;
use super::super::plans::plans_of;
use super::{raw, search, session, user};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(no_filter_reads_the_whole_log);

const SEARCHES: u128 = 20_000;

async fn no_filter_reads_the_whole_log(database: Arc<TestDatabase>) {
    let store = database.store().await;
    for first in (0..SEARCHES).step_by(1_000) {
        let searches: Vec<NewSearch> = (first..first + 1_000)
            .map(|n| NewSearch {
                user: (n % 20 != 0).then(|| user(&format!("user {}", n % 2_000))),
                result_count: (n % 3 != 0).then_some((n % 50) as i64),
                ..search(n, &format!("session {}", n % 4_000), &format!("query {}", n % 997), n as i64)
            })
            .collect();
        store.log_searches(&searches).await.unwrap();
    }
    let connection = raw(&database).await;
    let backend = connection.get_database_backend();
    let analyze = match backend {
        DbBackend::MySql => "ANALYZE TABLE search_logs",
        _ => "ANALYZE search_logs",
    };
    connection.execute_unprepared(analyze).await.unwrap();
    connection.close().await.unwrap();

    let all = SearchLogFilter::default;
    let [early, late] = ["2026-11-20T10:05:00Z", "2026-11-20T15:30:00Z"].map(|time| Some(at(time)));
    let selective = [
        SearchLogFilter { session: Some(session("session 77")), ..all() },
        SearchLogFilter { user: Some(user("user 77")), ..all() },
        SearchLogFilter { query_key_prefix: Some("query771".to_owned()), ..all() },
        SearchLogFilter { from: late, ..all() },
        SearchLogFilter { before: early, ..all() },
        SearchLogFilter { zero_results: Some(true), ..all() },
        SearchLogFilter { session: Some(session("session 77")), from: early, before: late, ..all() },
    ];
    for filter in selective {
        for plan in plans_of_filter(&database, &filter).await {
            assert!(!scans(backend, &plan) && !walks(backend, &plan), "{filter:?}: {plan}");
        }
    }
    // Many searches match: pages read the index of times, and counts may read all rows.
    for filter in [
        all(),
        SearchLogFilter { logged_in: Some(true), ..all() },
        SearchLogFilter { zero_results: Some(false), ..all() },
    ] {
        let [first, last, _] = plans_of_filter(&database, &filter).await;
        for page in [first, last] {
            assert!(!scans(backend, &page), "{filter:?}: {page}");
            assert!(page.contains("search_logs_time"), "{filter:?}: {page}");
        }
    }
    // Either index is suitable, depending on the number of anonymous searches.
    let anonymous = SearchLogFilter { logged_in: Some(false), ..all() };
    let [first, last, count] = plans_of_filter(&database, &anonymous).await;
    for page in [first, last] {
        assert!(page.contains("search_logs_time") || page.contains("search_logs_user"), "{page}");
        assert!(!scans(backend, &page), "{page}");
    }
    assert!(!scans(backend, &count), "{count}");
}

/// The plans of a page from each end, and of a count.
async fn plans_of_filter(database: &TestDatabase, filter: &SearchLogFilter) -> [String; 3] {
    let filter = filter.clone();
    let plans = plans_of(database, |store| async move {
        store.search_log(&filter, Slice::first(20)).await.unwrap();
        store.search_log(&filter, Slice::last(20)).await.unwrap();
        store.count_searches(&filter).await.unwrap();
    });
    plans.await.try_into().unwrap()
}

/// Returns true if a plan reads the whole table.
fn scans(backend: DbBackend, plan: &str) -> bool {
    assert!(plan.contains("search_logs"), "{plan}");
    match backend {
        DbBackend::Postgres => plan.contains("Seq Scan"),
        DbBackend::MySql => plan.contains("\"access_type\": \"ALL\""),
        _ => plan.lines().any(|line| line.starts_with("SCAN") && !line.contains("USING")),
    }
}

/// Returns true if a plan reads a whole index.
fn walks(backend: DbBackend, plan: &str) -> bool {
    match backend {
        DbBackend::Postgres => !plan.contains("Index Cond"),
        DbBackend::MySql => plan.contains("\"access_type\": \"index\""),
        _ => plan.lines().any(|line| line.starts_with("SCAN")),
    }
}
