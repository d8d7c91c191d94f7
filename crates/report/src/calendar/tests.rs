use chrono::{TimeDelta, Timelike, Utc};
use proptest::prelude::*;

use super::*;

/// Checks the local start and the hours of each interval of a period.
#[track_caller]
fn check(zone: &str, interval: CalendarInterval, from: &str, before: &str, expected: &[(&str, f64)]) {
    let zone: Tz = zone.parse().unwrap();
    let time = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let period = Period { from: time(from), before: Some(time(before)) };
    let found = buckets(interval, zone, period, Utc::now()).unwrap();
    let starts = found.starts.iter().map(|start| start.with_timezone(&zone).to_rfc3339());
    let hours = found.bounds.windows(2).map(|pair| (pair[1] - pair[0]).as_seconds_f64() / 3_600.0);
    let found: Vec<(String, f64)> = starts.zip(hours).collect();
    let expected: Vec<(String, f64)> =
        expected.iter().map(|(start, hours)| ((*start).to_owned(), *hours)).collect();
    assert_eq!(found, expected);
}

#[test]
fn days_of_utc() {
    check(
        "UTC",
        CalendarInterval::Day,
        "2026-02-27T00:00:00Z",
        "2026-03-02T00:00:00Z",
        &[
            ("2026-02-27T00:00:00+00:00", 24.0),
            ("2026-02-28T00:00:00+00:00", 24.0),
            ("2026-03-01T00:00:00+00:00", 24.0),
        ],
    );
}

#[test]
fn intervals_are_cut_to_the_period() {
    check(
        "UTC",
        CalendarInterval::Month,
        "2026-01-31T23:30:00.5Z",
        "2026-03-01T00:00:00.25Z",
        &[
            ("2026-01-01T00:00:00+00:00", 1_799.5 / 3_600.0),
            ("2026-02-01T00:00:00+00:00", 28.0 * 24.0),
            ("2026-03-01T00:00:00+00:00", 0.25 / 3_600.0),
        ],
    );
    let noon = ("2026-06-01T12:00:00+00:00", 1.0 / 3_600_000_000.0);
    check("UTC", CalendarInterval::Hour, "2026-06-01T12:59:59.999999Z", "2026-06-01T13:00:00Z", &[noon]);
}

#[test]
fn weeks_begin_on_mondays() {
    check(
        "Europe/Berlin",
        CalendarInterval::Week,
        "2026-10-20T00:00:00+02:00",
        "2026-11-03T00:00:00+01:00",
        &[
            ("2026-10-19T00:00:00+02:00", 6.0 * 24.0 + 1.0),
            ("2026-10-26T00:00:00+01:00", 7.0 * 24.0),
            ("2026-11-02T00:00:00+01:00", 24.0),
        ],
    );
}

#[test]
fn days_of_23_and_25_hours() {
    check(
        "Europe/Berlin",
        CalendarInterval::Day,
        "2026-03-28T00:00:00+01:00",
        "2026-03-31T00:00:00+02:00",
        &[
            ("2026-03-28T00:00:00+01:00", 24.0),
            ("2026-03-29T00:00:00+01:00", 23.0),
            ("2026-03-30T00:00:00+02:00", 24.0),
        ],
    );
    check(
        "America/New_York",
        CalendarInterval::Day,
        "2026-10-31T00:00:00-04:00",
        "2026-11-02T12:00:00-05:00",
        &[
            ("2026-10-31T00:00:00-04:00", 24.0),
            ("2026-11-01T00:00:00-04:00", 25.0),
            ("2026-11-02T00:00:00-05:00", 12.0),
        ],
    );
}

#[test]
fn hours_are_skipped_and_repeated() {
    check(
        "Europe/Berlin",
        CalendarInterval::Hour,
        "2026-03-29T01:00:00+01:00",
        "2026-03-29T04:00:00+02:00",
        &[("2026-03-29T01:00:00+01:00", 1.0), ("2026-03-29T03:00:00+02:00", 1.0)],
    );
    check(
        "America/New_York",
        CalendarInterval::Hour,
        "2026-11-01T00:30:00-04:00",
        "2026-11-01T02:30:00-05:00",
        &[
            ("2026-11-01T00:00:00-04:00", 0.5),
            ("2026-11-01T01:00:00-04:00", 1.0),
            ("2026-11-01T01:00:00-05:00", 1.0),
            ("2026-11-01T02:00:00-05:00", 0.5),
        ],
    );
}

#[test]
fn a_midnight_that_does_not_exist() {
    check(
        "America/Sao_Paulo",
        CalendarInterval::Day,
        "2018-11-03T00:00:00-03:00",
        "2018-11-06T00:00:00-02:00",
        &[
            ("2018-11-03T00:00:00-03:00", 24.0),
            ("2018-11-04T01:00:00-02:00", 23.0),
            ("2018-11-05T00:00:00-02:00", 24.0),
        ],
    );
}

#[test]
fn a_repeated_evening_belongs_to_the_later_day() {
    check(
        "America/Sao_Paulo",
        CalendarInterval::Day,
        "2018-02-17T00:00:00-02:00",
        "2018-02-19T00:00:00-03:00",
        &[("2018-02-17T00:00:00-02:00", 25.0), ("2018-02-18T00:00:00-03:00", 24.0)],
    );
    // A minute after midnight, the clocks went back to 23:01: that hour belongs to the day that had begun.
    check(
        "America/St_Johns",
        CalendarInterval::Day,
        "2010-11-06T23:30:00-03:30",
        "2010-11-08T00:00:00-03:30",
        &[("2010-11-07T00:00:00-02:30", 24.5)],
    );
}

#[test]
fn an_offset_change_of_half_an_hour() {
    check(
        "Australia/Lord_Howe",
        CalendarInterval::Hour,
        "2026-04-05T01:00:00+11:00",
        "2026-04-05T03:00:00+10:30",
        &[
            ("2026-04-05T01:00:00+11:00", 1.0),
            ("2026-04-05T01:30:00+10:30", 0.5),
            ("2026-04-05T02:00:00+10:30", 1.0),
        ],
    );
    check(
        "Australia/Lord_Howe",
        CalendarInterval::Hour,
        "2026-10-04T01:30:00+10:30",
        "2026-10-04T04:00:00+11:00",
        &[
            ("2026-10-04T01:00:00+10:30", 0.5),
            ("2026-10-04T02:30:00+11:00", 0.5),
            ("2026-10-04T03:00:00+11:00", 1.0),
        ],
    );
    check(
        "Australia/Lord_Howe",
        CalendarInterval::Day,
        "2026-04-05T00:00:00+11:00",
        "2026-04-06T00:00:00+10:30",
        &[("2026-04-05T00:00:00+11:00", 24.5)],
    );
}

#[test]
fn offsets_with_fractions_of_an_hour() {
    check(
        "Asia/Kathmandu",
        CalendarInterval::Hour,
        "2026-06-01T00:00:00Z",
        "2026-06-01T01:15:00Z",
        &[("2026-06-01T05:00:00+05:45", 0.25), ("2026-06-01T06:00:00+05:45", 1.0)],
    );
    check(
        "Asia/Kolkata",
        CalendarInterval::Day,
        "2026-06-01T00:00:00Z",
        "2026-06-01T18:30:00Z",
        &[("2026-06-01T00:00:00+05:30", 18.5)],
    );
}

#[test]
fn a_skipped_day_is_no_interval() {
    check(
        "Pacific/Apia",
        CalendarInterval::Day,
        "2011-12-29T00:00:00-10:00",
        "2012-01-01T00:00:00+14:00",
        &[("2011-12-29T00:00:00-10:00", 24.0), ("2011-12-31T00:00:00+14:00", 24.0)],
    );
    check(
        "Pacific/Apia",
        CalendarInterval::Month,
        "2011-12-01T00:00:00-10:00",
        "2012-01-01T00:00:00+14:00",
        &[("2011-12-01T00:00:00-10:00", 30.0 * 24.0)],
    );
}

#[test]
fn an_open_period_ends_with_the_current_interval() {
    let now = DateTime::parse_from_rfc3339("2026-11-21T11:00:00Z").unwrap().to_utc();
    let of = |from: Timestamp, interval| {
        let found = buckets(interval, Tz::UTC, Period { from, before: None }, now).unwrap();
        (found.starts.len(), *found.bounds.last().unwrap())
    };
    assert_eq!(of(now - TimeDelta::hours(2), CalendarInterval::Hour), (3, now + TimeDelta::hours(1)));
    assert_eq!(of(now - TimeDelta::days(30), CalendarInterval::Day), (31, now + TimeDelta::hours(13)));
    assert_eq!(of(now, CalendarInterval::Day), (1, now + TimeDelta::hours(13)));
    // A period in the future has the interval of its start.
    let later = now + TimeDelta::days(10);
    assert_eq!(of(later, CalendarInterval::Day), (1, later + TimeDelta::hours(13)));
}

#[test]
fn the_number_of_intervals_is_limited() {
    let from = DateTime::parse_from_rfc3339("2025-01-01T00:00:00Z").unwrap().to_utc();
    let hours = |count: i64| {
        let before = Some(from + TimeDelta::hours(count));
        buckets(CalendarInterval::Hour, Tz::UTC, Period { from, before }, from)
    };
    assert_eq!(hours(10_000).unwrap().starts.len(), MAX_BUCKETS);
    assert_eq!(hours(10_001), None);
    let ever = [
        Period { from: Timestamp::MIN_UTC, before: Some(Timestamp::MAX_UTC) },
        Period { from: Timestamp::MAX_UTC, before: None },
        Period { from: Timestamp::MIN_UTC, before: None },
    ];
    for period in ever {
        for interval in
            [CalendarInterval::Hour, CalendarInterval::Day, CalendarInterval::Week, CalendarInterval::Month]
        {
            for zone in [Tz::Pacific__Apia, Tz::America__Adak, Tz::UTC] {
                assert!(buckets(interval, zone, period, from).is_none(), "{period:?} by {interval:?}");
            }
        }
    }
}

fn any_interval() -> impl Strategy<Value = CalendarInterval> {
    prop::sample::select(vec![
        CalendarInterval::Hour,
        CalendarInterval::Day,
        CalendarInterval::Week,
        CalendarInterval::Month,
    ])
}

proptest! {
    /// Intervals are contiguous, start where the calendar says, and contain no time of another.
    #[test]
    fn intervals_are_those_of_the_calendar(
        zone in prop::sample::select(&chrono_tz::TZ_VARIANTS[..]),
        interval in any_interval(),
        from_ms in -2_208_988_800_000_i64..4_102_444_800_000,
        length_s in 1..(60 * 24 * 3_600_i64),
    ) {
        let from = DateTime::from_timestamp_millis(from_ms).unwrap();
        let before = from + TimeDelta::seconds(length_s);
        let found = buckets(interval, zone, Period { from, before: Some(before) }, from).unwrap();
        prop_assert_eq!(found.bounds.len(), found.starts.len() + 1);
        prop_assert_eq!((found.bounds[0], *found.bounds.last().unwrap()), (from, before));
        prop_assert!(found.bounds.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert!(found.starts[0] <= from);
        prop_assert_eq!(&found.starts[1..], &found.bounds[1..found.starts.len()]);
        let offset = |at: Timestamp| offset_s(zone, at.timestamp());
        for (number, start) in found.starts.iter().enumerate() {
            let local = start.with_timezone(&zone).naive_local();
            let earlier = *start - TimeDelta::seconds(1);
            let is_changed = offset(*start) != offset(earlier);
            match interval {
                CalendarInterval::Hour => prop_assert!(is_changed || (local.minute(), local.second()) == (0, 0)),
                _ => {
                    let is_midnight = (local.hour(), local.minute(), local.second()) == (0, 0, 0);
                    prop_assert!(is_changed || is_midnight, "{start} is {local}");
                    prop_assert!(is_changed || first_date(interval, local.date()) == Some(local.date()));
                }
            }
            // Times within an interval have its label, unless the offset changed.
            let end = found.bounds[number + 1];
            for share in [0, 1, 2, 3] {
                let begin = found.bounds[number];
                let at = begin + (end - begin) * share / 4;
                let is_steady = offset(at) == offset(*start) && offset(end) == offset(*start);
                let shown = at.with_timezone(&zone).naive_local();
                let label = |date| first_date(interval, date);
                if is_steady && interval == CalendarInterval::Hour {
                    prop_assert_eq!((shown.date(), shown.hour()), (local.date(), local.hour()));
                } else if is_steady {
                    prop_assert_eq!(label(shown.date()), label(local.date()));
                }
            }
        }
    }
}
