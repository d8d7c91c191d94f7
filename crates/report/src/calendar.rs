//! The intervals of a period by the calendar of a time zone, where days have 23, 24 or 25 hours.

use std::iter::successors;

use chrono::{DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDate, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;
use serde::Serialize;

use super::ReportError;
use quarry_domain::{Period, Timestamp};

/// The most intervals of one report: a year by the hour.
pub(super) const MAX_BUCKETS: usize = 10_000;
const HOUR_S: i64 = 3_600;
/// More than any clock was ever ahead of, or behind, UTC.
const MAX_OFFSET_S: i64 = 16 * HOUR_S;

/// How long the steps of a report over time are, by the calendar of its time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum CalendarInterval {
    /// One hour of the clock on the wall. One during which the clock is put forward or back is cut in two there.
    Hour,
    /// One day, from midnight, or from when the clock first shows a later time: 23 or 25 hours
    /// where the clock is put forward or back.
    Day,
    /// One week, from Monday.
    Week,
    /// One month, from its first day.
    Month,
}

/// The intervals that a period touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Buckets {
    /// When each begins by the calendar: the first maybe before the period.
    pub(super) starts: Vec<Timestamp>,
    /// Where each begins and ends within the period: one more than there are buckets.
    pub(super) bounds: Vec<Timestamp>,
}

/// The intervals of a period; of an open one, up to the one that it is now in.
pub(super) fn buckets(
    interval: CalendarInterval,
    zone: Tz,
    period: Period,
    now: Timestamp,
) -> Result<Buckets, ReportError> {
    let mut later = match interval {
        CalendarInterval::Hour => Box::new(hours(zone, period.from)) as Box<dyn Iterator<Item = Timestamp>>,
        _ => Box::new(dates(interval, zone, period.from)),
    };
    let mut starts = vec![later.next().ok_or(ReportError::TooManyIntervals)?];
    let mut bounds = vec![period.from];
    for start in later {
        let is_after = match period.before {
            Some(before) => start >= before,
            None => start > now.max(period.from),
        };
        if is_after {
            bounds.push(period.before.unwrap_or(start));
            return Ok(Buckets { starts, bounds });
        }
        if starts.len() == MAX_BUCKETS {
            break;
        }
        starts.push(start);
        bounds.push(start);
    }
    Err(ReportError::TooManyIntervals)
}

/// The hour that a time is in, and those after it.
fn hours(zone: Tz, from: Timestamp) -> impl Iterator<Item = Timestamp> {
    let offset = move |at: i64| offset_s(zone, at);
    let at = from.timestamp();
    let same = offset(at);
    let full = at - (at + same).rem_euclid(HOUR_S);
    let start = if offset(full) == same { full } else { first(full, at, |at| offset(at) == same) };
    let starts = successors(Some(start), move |start| {
        let same = offset(*start);
        let full = start - (start + same).rem_euclid(HOUR_S) + HOUR_S;
        Some(if offset(full) == same { full } else { first(*start, full, |at| offset(at) != same) })
    });
    starts.map_while(DateTime::from_timestamp_secs)
}

/// The day, week or month that a time is in, and those after it.
fn dates(interval: CalendarInterval, zone: Tz, from: Timestamp) -> impl Iterator<Item = Timestamp> {
    let local = from.naive_utc().checked_add_offset(zone.offset_from_utc_datetime(&from.naive_utc()).fix());
    let label = local.and_then(|local| first_date(interval, local.date()));
    let labels = successors(label, move |label| next_date(interval, *label));
    let mut starts = labels.map_while(move |label| day_start(zone, label)).peekable();
    // Where the clock was put back over midnight, the evening before comes again: it is of the day
    // that had begun.
    let mut start = starts.next();
    while let Some(next) = starts.next_if(|next| *next <= from) {
        start = Some(next);
    }
    // A day that was left out (Samoa had no 30 December 2011) is no interval.
    let mut latest = start;
    start.into_iter().chain(starts.filter(move |start| latest.replace(*start) < Some(*start)))
}

/// The first date of the interval that a date is in.
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

/// When the clock first shows a time of this date, or a later one.
fn day_start(zone: Tz, date: NaiveDate) -> Option<Timestamp> {
    let midnight = date.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        MappedLocalTime::Single(at) => Some(at.to_utc()),
        MappedLocalTime::Ambiguous(one, other) => Some(one.min(other).to_utc()),
        // The clock was put forward over midnight.
        MappedLocalTime::None => {
            let midnight = midnight.and_utc().timestamp();
            let (earlier, later) = (midnight - MAX_OFFSET_S, midnight + MAX_OFFSET_S);
            DateTime::from_timestamp_secs(first(earlier, later, |at| at + offset_s(zone, at) >= midnight))
        }
    }
}

/// How far the clock is ahead of UTC.
fn offset_s(zone: Tz, at: i64) -> i64 {
    let at = DateTime::from_timestamp_secs(at).unwrap_or_default().naive_utc();
    zone.offset_from_utc_datetime(&at).fix().local_minus_utc().into()
}

/// The first second after `before`, and not after `after`, from which on something holds.
fn first(mut before: i64, mut after: i64, holds: impl Fn(i64) -> bool) -> i64 {
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
