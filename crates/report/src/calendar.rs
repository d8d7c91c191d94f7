//! The calendar intervals of a period in a time zone.
//!
//! Days have 23, 24 or 25 hours; offsets change within hours, and skip dates.

use std::iter::successors;

use chrono::{DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDate, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;
use serde::Serialize;

use quarry_domain::{Period, Timestamp};

/// The maximum number of intervals of a report: about a year by the hour.
pub(super) const MAX_BUCKETS: usize = 10_000;
const HOUR_S: i64 = 3_600;
/// An offset that exceeds those of all time zones.
const MAX_OFFSET_S: i64 = 16 * HOUR_S;

/// The calendar interval of a report over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CalendarInterval {
    /// One hour of local time. A change of the offset within an hour splits it in two.
    Hour,
    /// One day, from the first instant of its date.
    Day,
    /// One week, from Monday.
    Week,
    /// One month, from its first day.
    Month,
}

/// The intervals that overlap a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Buckets {
    /// The start of each interval by the calendar; the first may lie before the period.
    pub(super) starts: Vec<Timestamp>,
    /// The bounds of the intervals, cut to the period: one more than intervals.
    pub(super) bounds: Vec<Timestamp>,
}

/// Returns the intervals of a period; `None` if there are too many.
///
/// Those of an open period end with the current one.
pub(super) fn buckets(
    interval: CalendarInterval,
    zone: Tz,
    period: Period,
    now: Timestamp,
) -> Option<Buckets> {
    let mut calendar = match interval {
        CalendarInterval::Hour => Box::new(hours(zone, period.from)) as Box<dyn Iterator<Item = Timestamp>>,
        _ => Box::new(dates(interval, zone, period.from)),
    };
    let mut starts = vec![calendar.next()?];
    let mut bounds = vec![period.from];
    for start in calendar {
        let is_after = match period.before {
            Some(before) => start >= before,
            None => start > now.max(period.from),
        };
        if is_after {
            bounds.push(period.before.unwrap_or(start));
            return Some(Buckets { starts, bounds });
        }
        if starts.len() == MAX_BUCKETS {
            return None;
        }
        starts.push(start);
        bounds.push(start);
    }
    None
}

/// Returns the starts of hours, from the one that contains a time.
fn hours(zone: Tz, from: Timestamp) -> impl Iterator<Item = Timestamp> {
    let offset = move |at: i64| offset_s(zone, at);
    let at = from.timestamp();
    let same = offset(at);
    let full = at - (at + same).rem_euclid(HOUR_S);
    let start = if offset(full) == same { full } else { partition_point(full, at, |at| offset(at) == same) };
    let starts = successors(Some(start), move |start| {
        let same = offset(*start);
        let full = start - (start + same).rem_euclid(HOUR_S) + HOUR_S;
        Some(if offset(full) == same { full } else { partition_point(*start, full, |at| offset(at) != same) })
    });
    starts.map_while(DateTime::from_timestamp_secs)
}

/// Returns the starts of the dates' intervals, from the one that contains a time.
fn dates(interval: CalendarInterval, zone: Tz, from: Timestamp) -> impl Iterator<Item = Timestamp> {
    let local = from.naive_utc().checked_add_offset(zone.offset_from_utc_datetime(&from.naive_utc()).fix());
    let label = local.and_then(|local| first_date(interval, local.date()));
    let labels = successors(label, move |label| next_date(interval, *label));
    let mut starts = labels.map_while(move |label| day_start(zone, label)).peekable();
    // An offset change back over midnight repeats the evening before; it belongs to the day that had
    // already begun.
    let mut start = starts.next();
    while let Some(next) = starts.next_if(|next| *next <= from) {
        start = Some(next);
    }
    // A skipped date (Samoa had no 30 December 2011) is not an interval.
    let mut latest = start;
    start.into_iter().chain(starts.filter(move |start| latest.replace(*start) < Some(*start)))
}

/// Returns the first date of the interval that contains a date.
fn first_date(interval: CalendarInterval, date: NaiveDate) -> Option<NaiveDate> {
    match interval {
        CalendarInterval::Hour | CalendarInterval::Day => Some(date),
        CalendarInterval::Week => {
            date.checked_sub_days(Days::new(date.weekday().num_days_from_monday().into()))
        }
        CalendarInterval::Month => date.with_day(1),
    }
}

fn next_date(interval: CalendarInterval, date: NaiveDate) -> Option<NaiveDate> {
    match interval {
        CalendarInterval::Hour | CalendarInterval::Day => date.succ_opt(),
        CalendarInterval::Week => date.checked_add_days(Days::new(7)),
        CalendarInterval::Month => date.checked_add_months(Months::new(1)),
    }
}

/// Returns the first instant whose local time is on or after this date.
fn day_start(zone: Tz, date: NaiveDate) -> Option<Timestamp> {
    let midnight = date.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        MappedLocalTime::Single(at) => Some(at.to_utc()),
        MappedLocalTime::Ambiguous(one, other) => Some(one.min(other).to_utc()),
        // The offset changed forward over midnight.
        MappedLocalTime::None => {
            let midnight = midnight.and_utc().timestamp();
            let (earlier, later) = (midnight - MAX_OFFSET_S, midnight + MAX_OFFSET_S);
            DateTime::from_timestamp_secs(partition_point(earlier, later, |at| {
                at + offset_s(zone, at) >= midnight
            }))
        }
    }
}

/// Returns the offset from UTC in seconds.
fn offset_s(zone: Tz, at: i64) -> i64 {
    let at = DateTime::from_timestamp_secs(at).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&at).fix().local_minus_utc().into()
}

/// Returns the first second in (`before`, `after`] from which on the predicate holds.
fn partition_point(mut before: i64, mut after: i64, holds: impl Fn(i64) -> bool) -> i64 {
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if holds(middle) {
            after = middle;
        } else {
            before = middle;
        }
    }
    after
}

#[cfg(test)]
mod tests;
