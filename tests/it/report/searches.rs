//! Reports of searches: their rows, their caching and their watermark.

use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use quarry::cache::{Cache, CacheLimits, CacheStatus, LocalCache};
use quarry::domain::{Searcher, SessionId};
use quarry::report::{
    CalendarInterval, ReportPeriod, ReportResponse, Reports, SearchVolume, SearchedQuery, TopSearches,
    ZeroResultSearches,
};

use super::fixture::{ScriptedCoverage, TTL, at, between, local_reports, search, search_now};
use crate::support::databases::{TestDatabase, on_each_database};

on_each_database!(
    reports_are_computed_once_and_cached,
    searches_without_results_are_reported,
    volume_follows_the_calendar_of_the_zone,
    reports_state_their_watermark,
    erased_searches_are_in_no_report,
);

/// Returns query, searches and sessions of each row.
fn rows(report: &ReportResponse<Vec<SearchedQuery>>) -> Vec<(&str, i64, i64)> {
    let row = |row: &'_ SearchedQuery| (row.search.searches, row.search.sessions);
    report.value.iter().map(|query| (query.search.query.as_str(), row(query).0, row(query).1)).collect()
}

async fn reports_are_computed_once_and_cached(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let reports = local_reports(&store);
    let always = ReportPeriod::default();
    let empty = reports
        .get(TopSearches { period: always, facts: Vec::new(), offset: 0, first: 10 }, false)
        .await
        .unwrap();
    assert_eq!((rows(&empty), empty.cache_status), (vec![], CacheStatus::Miss));
    for (session, query) in [("a", "red shoes"), ("b", "Red  Shoes"), ("b", "tea"), ("a", "RED SHOES")] {
        search_now(&store, session, query, 3).await;
    }
    let kept = reports
        .get(TopSearches { period: always, facts: Vec::new(), offset: 0, first: 10 }, false)
        .await
        .unwrap();
    assert_eq!(
        (rows(&kept), kept.cache_status),
        (vec![], CacheStatus::Hit),
        "empty reports are cached as well"
    );
    assert_eq!((kept.generated_at, kept.covered_until), (empty.generated_at, empty.covered_until));

    let before = Utc::now();
    let fresh = reports
        .get(TopSearches { period: always, facts: Vec::new(), offset: 0, first: 10 }, true)
        .await
        .unwrap();
    assert_eq!(
        (rows(&fresh), fresh.cache_status),
        (vec![("red shoes", 3, 2), ("tea", 1, 1)], CacheStatus::Bypass)
    );
    assert!(before <= fresh.generated_at && fresh.generated_at <= Utc::now());
    assert!(before <= fresh.covered_until && fresh.covered_until <= fresh.generated_at);
    assert_eq!(fresh.value[0].search.average_results, Some(3.0));
    assert_eq!(fresh.value[0].click_through_rate(), None);
    let kept = reports
        .get(TopSearches { period: always, facts: Vec::new(), offset: 0, first: 10 }, false)
        .await
        .unwrap();
    assert_eq!(kept, ReportResponse { cache_status: CacheStatus::Hit, ..fresh.clone() });
    // Other parameters are another report.
    let first = reports
        .get(TopSearches { period: always, facts: Vec::new(), offset: 0, first: 1 }, false)
        .await
        .unwrap();
    assert_eq!((rows(&first), first.cache_status), (vec![("red shoes", 3, 2)], CacheStatus::Miss));
    let earlier = ReportPeriod { from: None, before: Some(before - TimeDelta::hours(1)) };
    let earlier = reports
        .get(TopSearches { period: earlier, facts: Vec::new(), offset: 0, first: 10 }, false)
        .await
        .unwrap();
    assert_eq!((rows(&earlier), earlier.cache_status), (vec![], CacheStatus::Miss));
    let long_ago = search("a", "winter", Utc::now() - TimeDelta::days(31), 1);
    store.log_searches(&[long_ago]).await.unwrap();
    let month = reports
        .get(TopSearches { period: always, facts: Vec::new(), offset: 0, first: 10 }, true)
        .await
        .unwrap();
    assert_eq!(rows(&month), rows(&fresh), "the default is the last 30 days");
}

async fn searches_without_results_are_reported(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let reports = local_reports(&store);
    for (session, query, results) in
        [("a", "unicorn", 0), ("b", "Unicorn", 0), ("a", "tea", 5), ("a", "yeti", 0)]
    {
        search_now(&store, session, query, results).await;
    }
    for cache_status in [CacheStatus::Miss, CacheStatus::Hit] {
        let report = reports
            .get(
                ZeroResultSearches {
                    period: ReportPeriod::default(),
                    facts: Vec::new(),
                    with_relaxed: false,
                    offset: 0,
                    first: 10,
                },
                false,
            )
            .await
            .unwrap();
        let rows: Vec<_> =
            report.value.iter().map(|row| (row.query.as_str(), row.searches, row.sessions)).collect();
        assert_eq!((rows, report.cache_status), (vec![("Unicorn", 2, 2), ("yeti", 1, 1)], cache_status));
    }
}

async fn volume_follows_the_calendar_of_the_zone(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let reports = local_reports(&store);
    let times = [
        // The last and the first second of days in Berlin, where summer time begins on the 29th.
        "2026-03-28T22:59:59Z",
        "2026-03-28T23:00:00Z",
        "2026-03-29T21:59:59Z",
        "2026-03-29T22:00:00Z",
        // Outside the period.
        "2026-03-28T11:59:59Z",
        "2026-03-31T10:00:00Z",
    ];
    let searches: Vec<_> = times.iter().map(|time| search(time, "tea", at(time), 0)).collect();
    store.log_searches(&searches).await.unwrap();
    let period = between("2026-03-28T12:00:00Z", "2026-03-31T10:00:00Z");
    let volume = async |zone, interval| {
        let report =
            reports.get(SearchVolume::new(period, Vec::new(), interval, zone).unwrap(), false).await.unwrap();
        assert_eq!(report.cache_status, CacheStatus::Miss);
        assert_eq!(report.covered_until, period.before.unwrap());
        let rows = report.value.into_iter();
        rows.map(|row| (row.start, row.searches, row.sessions, row.zero_results)).collect::<Vec<_>>()
    };
    let days = |days: &[(&str, i64)]| {
        days.iter().map(|(start, count)| (at(start), *count, *count, *count)).collect::<Vec<_>>()
    };
    let expected = days(&[
        ("2026-03-28T00:00:00+01:00", 1),
        ("2026-03-29T00:00:00+01:00", 2),
        ("2026-03-30T00:00:00+02:00", 1),
        ("2026-03-31T00:00:00+02:00", 0),
    ]);
    assert_eq!(volume("Europe/Berlin", CalendarInterval::Day).await, expected);
    let expected = days(&[
        ("2026-03-28T00:00:00Z", 2),
        ("2026-03-29T00:00:00Z", 2),
        ("2026-03-30T00:00:00Z", 0),
        ("2026-03-31T00:00:00Z", 0),
    ]);
    assert_eq!(volume("UTC", CalendarInterval::Day).await, expected);
    let expected = days(&[("2026-03-23T00:00:00+01:00", 3), ("2026-03-30T00:00:00+02:00", 1)]);
    assert_eq!(volume("Europe/Berlin", CalendarInterval::Week).await, expected);
    assert_eq!(
        volume("Europe/Berlin", CalendarInterval::Month).await,
        days(&[("2026-03-01T00:00:00+01:00", 4)])
    );
    let hours = volume("Europe/Berlin", CalendarInterval::Hour).await;
    assert_eq!(hours.len(), 70);
    assert_eq!(hours.iter().map(|hour| hour.1).sum::<i64>(), 4);
    // An open period ends with the current interval.
    search_now(&store, "s", "tea", 1).await;
    let report = reports
        .get(
            SearchVolume::new(ReportPeriod::default(), Vec::new(), CalendarInterval::Day, "UTC").unwrap(),
            false,
        )
        .await
        .unwrap();
    assert_eq!(report.value.len(), 31);
    assert_eq!(report.value.iter().map(|day| day.searches).sum::<i64>(), 1);
}

async fn reports_state_their_watermark(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let cache: Arc<dyn Cache> = Arc::new(LocalCache::new(CacheLimits::default()));
    let coverage = Arc::new(ScriptedCoverage::default());
    let reports = Reports::new(store, cache, coverage.clone(), TTL);
    let since = at("2026-11-01T00:00:00Z");
    let period = ReportPeriod { from: Some(since), before: None };
    let report = async |period| {
        reports.get(TopSearches { period, facts: Vec::new(), offset: 0, first: 10 }, true).await.unwrap()
    };
    assert_eq!(report(period).await.covered_until, since, "without a watermark, nothing is covered");
    let typed = Utc::now() - TimeDelta::seconds(7);
    coverage.set(Some(Some(typed)));
    let found = report(period).await;
    assert_eq!(found.covered_until, typed);
    assert!(found.generated_at > typed);
    coverage.set(None);
    assert_eq!(report(period).await.covered_until, typed, "the last watermark stays valid");
    coverage.set(Some(None));
    let before = Utc::now();
    let found = report(period).await;
    assert!(before <= found.covered_until && found.covered_until <= found.generated_at);
    // A fast clock must not extend the watermark into the future.
    coverage.set(Some(Some(Utc::now() + TimeDelta::hours(1))));
    let found = report(period).await;
    assert!(before <= found.covered_until && found.covered_until <= found.generated_at);
    let past = between("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z");
    assert_eq!(report(past).await.covered_until, past.before.unwrap());
    coverage.set(Some(Some(since + TimeDelta::hours(1))));
    assert_eq!(report(past).await.covered_until, since + TimeDelta::hours(1));
}

async fn erased_searches_are_in_no_report(database: Arc<TestDatabase>) {
    let store = database.store().await;
    let cache: Arc<dyn Cache> = Arc::new(LocalCache::new(CacheLimits::default()));
    let servers =
        [1, 2].map(|_| Reports::new(store.clone(), cache.clone(), ScriptedCoverage::none_pending(), TTL));
    for (session, query) in [("gone", "secret wish"), ("kept", "tea"), ("kept", "tea")] {
        search_now(&store, session, query, 1).await;
    }
    let top_searches = async |server: &Reports| {
        server
            .get(
                TopSearches { period: ReportPeriod::default(), facts: Vec::new(), offset: 0, first: 10 },
                false,
            )
            .await
            .unwrap()
    };
    for server in &servers {
        assert_eq!(rows(&top_searches(server).await), [("tea", 2, 1), ("secret wish", 1, 1)]);
    }
    let gone = Searcher::Session(SessionId::parse("gone").unwrap());
    store.erase_searches(&gone, Utc::now()).await.unwrap();
    servers[0].clear().await.unwrap();
    for (server, cache_status) in servers.iter().zip([CacheStatus::Miss, CacheStatus::Hit]) {
        let report = top_searches(server).await;
        assert_eq!((rows(&report), report.cache_status), (vec![("tea", 2, 1)], cache_status));
    }
}
