//! Servers with caches of their own, when one of them erases a visitor's searches.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use quarry::domain::{Searcher, SessionId};
use quarry::report::ErasureStep::{Cleared, Idle};
use quarry::report::{CacheStatus, ErasureWatch, ReportPeriod, Reports, TopSearches};
use quarry::store::Store;

use super::fixture::{local_reports, search_now};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(erasures_by_another_server_clear_the_reports);

async fn cache_status(reports: &Reports) -> (usize, CacheStatus) {
    let report = reports
        .get(TopSearches { period: ReportPeriod::default(), facts: Vec::new(), offset: 0, first: 10 }, false)
        .await
        .unwrap();
    (report.value.len(), report.cache_status)
}

async fn erase(store: &Store, session: &str) {
    let searcher = Searcher::Session(SessionId::parse(session).unwrap());
    store.erase_searches(&searcher, Utc::now()).await.unwrap();
}

async fn erasures_by_another_server_clear_the_reports(database: Arc<TestDatabase>) {
    let store = database.store().await;
    for (session, query) in [("earlier", "plan"), ("gone", "secret wish"), ("kept", "tea")] {
        search_now(&store, session, query, 1).await;
    }
    erase(&store, "earlier").await;
    let reports = local_reports(&store);
    let mut watch = ErasureWatch::new(reports.clone());
    let mut now = Utc::now();
    assert_eq!(watch.step(now).await.unwrap(), Idle, "reports are newer than the first step");
    assert_eq!(cache_status(&reports).await, (2, CacheStatus::Miss));
    assert_eq!(watch.step(now).await.unwrap(), Idle);
    assert_eq!(cache_status(&reports).await, (2, CacheStatus::Hit));

    erase(&store, "gone").await;
    assert_eq!(cache_status(&reports).await, (2, CacheStatus::Hit), "the watch has not run yet");
    assert_eq!(watch.step(now).await.unwrap(), Cleared);
    assert_eq!(cache_status(&reports).await, (1, CacheStatus::Miss));
    assert_eq!(watch.step(now).await.unwrap(), Idle);
    assert_eq!(cache_status(&reports).await, (1, CacheStatus::Hit));

    // Further clears follow for as long as an erasure may take, and then end.
    let mut clears = 0;
    for _ in 0..150 {
        now += TimeDelta::seconds(2);
        clears += usize::from(watch.step(now).await.unwrap() == Cleared);
    }
    assert!(clears > 2 && clears < 10, "{clears}");
    assert_eq!(cache_status(&reports).await, (1, CacheStatus::Miss));
    assert_eq!(watch.step(now).await.unwrap(), Idle);
    assert_eq!(cache_status(&reports).await, (1, CacheStatus::Hit));
}
