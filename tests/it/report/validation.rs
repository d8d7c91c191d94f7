//! What may be asked, and what is refused.

use quarry::domain::InteractionKind;
use quarry::report::{CalendarInterval, CategoryParameters, ReportError, ReportPeriod};

use super::fixture::{alone, at, between};
use crate::support::databases::TestDatabase;

#[tokio::test]
async fn a_period_begins_before_it_ends() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let reports = alone(&store);
    let kind = InteractionKind::Click;
    for period in [
        between("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
        between("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    ] {
        let question = CategoryParameters { name: "toys".to_owned(), source: None, kind, period, first: 10 };
        let refused = [
            reports.top_searches(period, 10, false).await.err(),
            reports.zero_result_searches(period, 10, true).await.err(),
            reports.search_volume(period, CalendarInterval::Day, "UTC", false).await.err(),
            reports.category(question, false).await.err(),
            reports.categories(None, kind, period, false).await.err(),
        ];
        for error in refused {
            assert!(matches!(error, Some(ReportError::EmptyPeriod)), "{error:?}");
        }
    }
    // An end alone is that of 30 days, a beginning alone may be yet to come.
    for period in [
        ReportPeriod { from: None, before: Some(at("2020-01-01T00:00:00Z")) },
        ReportPeriod { from: Some(at("2100-01-01T00:00:00Z")), before: None },
    ] {
        let days = reports.search_volume(period, CalendarInterval::Day, "UTC", false).await.unwrap().value;
        assert_eq!(days.len(), if period.from.is_some() { 1 } else { 30 });
    }
}

#[tokio::test]
async fn zones_are_known_and_intervals_not_too_many() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let reports = alone(&store);
    let ask = async |period, interval, zone: &str| reports.search_volume(period, interval, zone, false).await;
    let always = ReportPeriod::default();
    for zone in ["", "Berlin", "europe/berlin", "UTC+1", "../etc/passwd", "Europe/Berlin "] {
        let error = ask(always, CalendarInterval::Day, zone).await.unwrap_err();
        assert!(matches!(error, ReportError::UnknownTimeZone), "{zone}: {error:?}");
    }
    for zone in ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Asia/Kathmandu", "Etc/GMT+5"] {
        ask(always, CalendarInterval::Day, zone).await.unwrap();
    }
    let decade = between("2016-01-01T00:00:00Z", "2026-01-01T00:00:00Z");
    for _ in 0..2 {
        let error = ask(decade, CalendarInterval::Hour, "UTC").await.unwrap_err();
        assert!(matches!(error, ReportError::TooManyIntervals), "{error:?}");
        assert!(error.to_string().starts_with("is too short"), "{error}");
    }
    assert_eq!(ask(decade, CalendarInterval::Day, "UTC").await.unwrap().value.len(), 3_653);
}
