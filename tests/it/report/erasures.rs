//! Servers that keep reports, each for itself, when one of them erases somebody.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use quarry::domain::{Searcher, SessionId};
use quarry::report::ErasureStep::{Cleared, Idle};
use quarry::report::{CacheStatus, ErasureWatch, ReportPeriod, Reports};
use quarry::store::Store;

use super::fixture::{alone, search_now};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(what_another_server_erased_is_in_no_report);

async fn cache_status(reports: &Reports) -> (usize, CacheStatus) {
    let report = reports.top_searches(ReportPeriod::default(), 10, false).await.unwrap();
    (report.value.len(), report.cache_status)
}

async fn erase(store: &Store, session: &str) {
    let searcher = Searcher::Session(SessionId::parse(session).unwrap());
    store.erase_searches(&searcher, Utc::now()).await.unwrap();
}

async fn what_another_server_erased_is_in_no_report(database: Arc<TestDatabase>) {
    let store = database.store().await;
    for (session, query) in [("earlier", "plan"), ("gone", "secret wish"), ("kept", "tea")] {
        search_now(&store, session, query, 1).await;
    }
    erase(&store, "earlier").await;
    let reports = alone(&store);
    let mut watch = ErasureWatch::new(reports.clone());
    let mut now = Utc::now();
    assert_eq!(watch.step(now).await.unwrap(), Idle, "what it has heard of is from after that");
    assert_eq!(cache_status(&reports).await, (2, CacheStatus::Miss));
    assert_eq!(watch.step(now).await.unwrap(), Idle);
    assert_eq!(cache_status(&reports).await, (2, CacheStatus::Hit));

    erase(&store, "gone").await;
    assert_eq!(cache_status(&reports).await, (2, CacheStatus::Hit), "it has yet to hear of it");
    assert_eq!(watch.step(now).await.unwrap(), Cleared);
    assert_eq!(cache_status(&reports).await, (1, CacheStatus::Miss));
    assert_eq!(watch.step(now).await.unwrap(), Idle);
    assert_eq!(cache_status(&reports).await, (1, CacheStatus::Hit));

    // An erasure takes its time: it forgets a few times more, and then no more.
    let mut forgot = 0;
    for _ in 0..150 {
        now += TimeDelta::seconds(2);
        forgot += usize::from(watch.step(now).await.unwrap() == Cleared);
    }
    assert!(forgot > 2 && forgot < 10, "{forgot}");
    assert_eq!(cache_status(&reports).await, (1, CacheStatus::Miss));
    assert_eq!(watch.step(now).await.unwrap(), Idle);
    assert_eq!(cache_status(&reports).await, (1, CacheStatus::Hit));
}
