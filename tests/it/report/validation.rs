//! The validation of report parameters.

use quarry::domain::InteractionKind;
use quarry::report::{
    CalendarInterval, CategoryDocuments, CategoryTotals, ReportError, ReportPeriod, SearchVolume,
    TopSearches, ZeroResultSearches,
};

use super::fixture::{at, between, local_reports};
use crate::support::databases::TestDatabase;

#[tokio::test]
async fn periods_must_begin_before_they_end() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let reports = local_reports(&store);
    let kind = InteractionKind::Click;
    for period in [
        between("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
        between("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ] {
        let parameters = CategoryDocuments { name: "toys".to_owned(), source: None, kind, period, first: 10 };
        let errors = [
            reports.get(TopSearches { period, facts: Vec::new(), offset: 0, first: 10 }, false).await.err(),
            reports
                .get(
                    ZeroResultSearches {
                        period,
                        facts: Vec::new(),
                        with_relaxed: false,
                        offset: 0,
                        first: 10,
                    },
                    true,
                )
                .await
                .err(),
            reports
                .get(SearchVolume::new(period, Vec::new(), CalendarInterval::Day, "UTC").unwrap(), false)
                .await
                .err(),
            reports.get(parameters, false).await.err(),
            reports.get(CategoryTotals { source: None, kind, period }, false).await.err(),
        ];
        for error in errors {
            assert!(matches!(error, Some(ReportError::EmptyPeriod)), "{error:?}");
        }
    }
    // An end alone means the 30 days before it; a start alone may lie in the future.
    for period in [
        ReportPeriod { from: None, before: Some(at("2020-01-01T00:00:00Z")) },
        ReportPeriod { from: Some(at("2100-01-01T00:00:00Z")), before: None },
    ] {
        let days = reports
            .get(SearchVolume::new(period, Vec::new(), CalendarInterval::Day, "UTC").unwrap(), false)
            .await
            .unwrap()
            .value;
        assert_eq!(days.len(), if period.from.is_some() { 1 } else { 30 });
    }
}

#[tokio::test]
async fn zones_must_exist_and_intervals_are_limited() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let reports = local_reports(&store);
    let volume = async |period, interval, zone: &str| {
        reports.get(SearchVolume::new(period, Vec::new(), interval, zone)?, false).await
    };
    let always = ReportPeriod::default();
    for zone in ["", "Berlin", "europe/berlin", "UTC+1", "../etc/passwd", "Europe/Berlin "] {
        let error = volume(always, CalendarInterval::Day, zone).await.unwrap_err();
        assert!(matches!(error, ReportError::UnknownTimeZone), "{zone}: {error:?}");
    }
    for zone in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kathmandu", "Etc/GMT+5"] {
        volume(always, CalendarInterval::Day, zone).await.unwrap();
    }
    let decade = between("2016-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
    for _ in 0..2 {
        let error = volume(decade, CalendarInterval::Hour, "UTC").await.unwrap_err();
        assert!(matches!(error, ReportError::TooManyIntervals), "{error:?}");
        assert!(error.to_string().starts_with("is too short"), "{error}");
    }
    assert_eq!(volume(decade, CalendarInterval::Day, "UTC").await.unwrap().value.len(), 3_653);
}
