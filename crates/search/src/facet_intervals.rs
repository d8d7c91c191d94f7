//! The intervals of a histogram of numbers or dates.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, Utc};

use crate::request::{CalendarUnit, FacetRequest};

/// The width of intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum IntervalWidth {
    /// A number: bounds are its multiples.
    Number(f64),
    /// A unit of the calendar, of dates in microseconds since 1970.
    Calendar(CalendarUnit),
}

impl IntervalWidth {
    /// Returns the width that a facet requests.
    pub(super) fn of(request: &FacetRequest) -> Option<Self> {
        request.calendar.map(Self::Calendar).or(request.interval.map(Self::Number))
    }

    /// Returns the lower bound of the interval with a number.
    pub(super) fn lower(self, number: f64) -> f64 {
        match self {
            Self::Number(width) => (number / width).floor() * width,
            Self::Calendar(unit) => date(number).map_or(number, |date| micros(first_day(unit, date))),
        }
    }

    /// Returns the lower bound of the next interval.
    pub(super) fn upper(self, lower: f64) -> f64 {
        match self {
            Self::Number(width) => lower + width,
            Self::Calendar(unit) => {
                let next = date(lower).and_then(|date| match unit {
                    CalendarUnit::Week => date.checked_add_days(Days::new(7)),
                    CalendarUnit::Month => date.checked_add_months(Months::new(1)),
                    CalendarUnit::Quarter => date.checked_add_months(Months::new(3)),
                    CalendarUnit::Year => date.checked_add_months(Months::new(12)),
                });
                next.map_or(lower, micros)
            }
        }
    }
}

fn first_day(unit: CalendarUnit, date: NaiveDate) -> NaiveDate {
    let first = match unit {
        CalendarUnit::Week => {
            date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())))
        }
        CalendarUnit::Month => date.with_day(1),
        CalendarUnit::Quarter => NaiveDate::from_ymd_opt(date.year(), date.month0() / 3 * 3 + 1, 1),
        CalendarUnit::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1),
    };
    first.unwrap_or(date)
}

fn date(micros: f64) -> Option<NaiveDate> {
    #[expect(clippy::cast_possible_truncation, reason = "stored dates have years of four digits")]
    let at: Option<DateTime<Utc>> = DateTime::from_timestamp_micros(micros as i64);
    at.map(|at| at.date_naive())
}

fn micros(date: NaiveDate) -> f64 {
    date.and_time(NaiveTime::MIN).and_utc().timestamp_micros() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_calendar() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap().timestamp_micros() as f64;
        for (unit, within, from, to) in [
            (
                CalendarUnit::Month,
                "2024-02-29T23:59:59.999999Z",
                "2024-02-01T00:00:00Z",
                "2024-03-01T00:00:00Z",
            ),
            (CalendarUnit::Month, "1969-12-31T23:00:00Z", "1969-12-01T00:00:00Z", "1970-01-01T00:00:00Z"),
            (CalendarUnit::Quarter, "2025-08-15T12:00:00Z", "2025-07-01T00:00:00Z", "2025-10-01T00:00:00Z"),
            (CalendarUnit::Year, "2025-12-31T00:00:00Z", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            (CalendarUnit::Week, "2025-01-01T10:00:00Z", "2024-12-30T00:00:00Z", "2025-01-06T00:00:00Z"),
        ] {
            let width = IntervalWidth::Calendar(unit);
            assert_eq!((width.lower(at(within)), width.upper(at(from))), (at(from), at(to)), "{within}");
        }
        assert_eq!(IntervalWidth::Number(50.0).lower(-1.0), -50.0);
    }
}
