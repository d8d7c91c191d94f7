//! The intervals of a histogram of numbers or dates, and their counts.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use foldhash::{HashMap, HashMapExt};
use ordered_float::OrderedFloat;

use crate::request::{CalendarUnit, FacetRequest};

/// Powers of ten up to this one, and multiples of widths with as many decimals, are exact.
const MAX_DECIMALS: i32 = 15;
/// Integers up to this one are exact.
const MAX_EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
/// Adjacent intervals that are counted in a list.
const MAX_LISTED: usize = 8_192;
const MICROS_PER_DAY: f64 = 86_400e6;
/// Days from the Monday of its week to 1970-01-01.
const DAYS_IN_FIRST_WEEK: i64 = 3;

/// A number as a key.
pub(super) type NumberKey = OrderedFloat<f64>;

/// The width of intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum IntervalWidth {
    /// A number: bounds are its multiples.
    Number(NumberWidth),
    /// A unit of the calendar, of dates in microseconds since 1970.
    Calendar(CalendarUnit),
}

/// A width as a quotient of integers, whose multiples are the nearest numbers to decimals: 0.3, and not
/// 0.30000000000000004, which is 3 × 0.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NumberWidth {
    units: f64,
    units_per_one: f64,
    width: f64,
}

impl NumberWidth {
    fn new(width: f64) -> Self {
        let decimals = width.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
        match i32::try_from(decimals) {
            Ok(decimals @ ..=MAX_DECIMALS) => {
                let units_per_one = 10_f64.powi(decimals);
                Self { units: (width * units_per_one).round(), units_per_one, width }
            }
            _ => Self { units: width, units_per_one: 1.0, width },
        }
    }

    /// Returns the number of the largest multiple that is not greater than a number.
    fn index(self, number: f64) -> Option<i64> {
        let n = exact((number / self.width).floor())?;
        // The quotient is rounded.
        Some(if self.multiple(n + 1) <= number {
            n + 1
        } else if self.multiple(n) <= number {
            n
        } else {
            n - 1
        })
    }

    /// Returns the multiple nearest to a number.
    fn nearest(self, number: f64) -> f64 {
        exact((number / self.width).round()).map_or(number, |n| self.multiple(n))
    }

    fn multiple(self, n: i64) -> f64 {
        let (n, units) = (n as f64, n as f64 * self.units);
        if units.abs() < MAX_EXACT { units / self.units_per_one } else { n * self.width }
    }
}

impl IntervalWidth {
    /// Returns the width that a facet requests.
    pub(super) fn of(request: &FacetRequest) -> Option<Self> {
        let number = || request.interval.map(|width| Self::Number(NumberWidth::new(width)));
        request.calendar.map(Self::Calendar).or_else(number)
    }

    /// Returns the lower bound of the interval with a number.
    pub(super) fn lower(self, number: f64) -> f64 {
        self.index(number).map_or(number, |index| self.bound(index))
    }

    /// Returns the lower bound of the next interval.
    pub(super) fn upper(self, lower: f64) -> f64 {
        self.index(lower).map_or(lower, |index| self.bound(index + 1))
    }

    /// Returns the lower bound that another engine has rounded.
    pub(super) fn nearest(self, rounded: f64) -> f64 {
        match self {
            Self::Number(width) => width.nearest(rounded),
            Self::Calendar(_) => rounded,
        }
    }

    /// Returns the number of the interval with a number; `None` beyond all that can be told apart.
    fn index(self, number: f64) -> Option<i64> {
        let unit = match self {
            Self::Number(width) => return width.index(number),
            Self::Calendar(CalendarUnit::Week) => {
                return Some((days(number) + DAYS_IN_FIRST_WEEK).div_euclid(7));
            }
            Self::Calendar(unit) => months(unit),
        };
        let date = date(number)?;
        Some((i64::from(date.year()) * 12 + i64::from(date.month0())).div_euclid(unit))
    }

    /// Returns the lower bound of an interval.
    fn bound(self, index: i64) -> f64 {
        match self {
            Self::Number(width) => width.multiple(index),
            Self::Calendar(CalendarUnit::Week) => (index * 7 - DAYS_IN_FIRST_WEEK) as f64 * MICROS_PER_DAY,
            Self::Calendar(unit) => {
                let month = index * months(unit);
                let year = i32::try_from(month.div_euclid(12)).ok();
                let month = u32::try_from(month.rem_euclid(12)).ok();
                let first =
                    year.zip(month).and_then(|(year, month)| NaiveDate::from_ymd_opt(year, month + 1, 1));
                first.map_or(f64::INFINITY, |date| {
                    date.and_time(NaiveTime::MIN).and_utc().timestamp_micros() as f64
                })
            }
        }
    }
}

/// Returns a quotient as an integer; `None` for one so large that the next number is further away than the next
/// multiple.
fn exact(quotient: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "it is within the bounds")]
    (quotient.abs() < MAX_EXACT).then_some(quotient as i64)
}

/// Returns the months of a unit other than a week.
fn months(unit: CalendarUnit) -> i64 {
    match unit {
        CalendarUnit::Week | CalendarUnit::Month => 1,
        CalendarUnit::Quarter => 3,
        CalendarUnit::Year => 12,
    }
}

fn days(micros: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "stored dates have years of four digits")]
    let days = (micros / MICROS_PER_DAY).floor() as i64;
    days
}

fn date(micros: f64) -> Option<NaiveDate> {
    #[expect(clippy::cast_possible_truncation, reason = "stored dates have years of four digits")]
    let at: Option<DateTime<Utc>> = DateTime::from_timestamp_micros(micros as i64);
    at.map(|at| at.date_naive())
}

/// Documents by interval.
pub(super) struct IntervalCounts {
    pub(super) width: IntervalWidth,
    /// The number of the first interval in the list.
    first: i64,
    /// The counts of adjacent intervals: to count in a list takes a fraction of the time of a map.
    listed: Vec<u64>,
    /// The counts of other intervals, by lower bound.
    others: HashMap<NumberKey, u64>,
}

impl IntervalCounts {
    pub(super) fn new(width: IntervalWidth) -> Self {
        Self { width, first: 0, listed: Vec::new(), others: HashMap::new() }
    }

    /// Counts a document with these values: once in each interval.
    pub(super) fn count(&mut self, numbers: &[f64]) {
        let width = self.width;
        for (at, &number) in numbers.iter().enumerate() {
            if numbers[..at].iter().any(|&before| width.lower(before) == width.lower(number)) {
                continue;
            }
            match width.index(number).and_then(|index| self.listed_count(index)) {
                Some(count) => *count += 1,
                None => self.add(width.lower(number), 1),
            }
        }
    }

    /// Adds documents of the interval with a lower bound.
    pub(super) fn add(&mut self, lower: f64, count: u64) {
        *self.others.entry(lower.into()).or_default() += count;
    }

    /// Returns the counts by lower bound.
    pub(super) fn into_counts(mut self) -> HashMap<NumberKey, u64> {
        for (index, count) in (self.first..).zip(std::mem::take(&mut self.listed)) {
            if count > 0 {
                self.add(self.width.bound(index), count);
            }
        }
        self.others
    }

    /// Returns the count of an interval in the list, which is extended as far as it may be.
    fn listed_count(&mut self, index: i64) -> Option<&mut u64> {
        if self.listed.is_empty() {
            self.first = index;
        }
        let at = index.checked_sub(self.first)?;
        match usize::try_from(at) {
            Ok(at) if at < MAX_LISTED => {
                if at >= self.listed.len() {
                    self.listed.resize(at + 1, 0);
                }
                self.listed.get_mut(at)
            }
            Ok(_) => None,
            Err(_) => {
                let before = usize::try_from(at.unsigned_abs()).ok()?;
                if before + self.listed.len() > MAX_LISTED {
                    return None;
                }
                self.listed.splice(0..0, std::iter::repeat_n(0, before));
                self.first = index;
                self.listed.first_mut()
            }
        }
    }
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
    }

    #[test]
    fn bounds_of_numbers_are_the_decimals_that_one_writes() {
        for (width, number, from, to) in [
            (50.0, -1.0, "-50", "0"),
            (0.1, 0.3, "0.3", "0.4"),
            (0.1, 0.299, "0.2", "0.3"),
            (0.1, 1.1, "1.1", "1.2"),
            (0.05, -0.14, "-0.15", "-0.1"),
            (0.7, 2.1, "2.1", "2.8"),
            (2.5, 1e15 + 2.5, "1000000000000002.5", "1000000000000005"),
            (0.1, 1e18, "1000000000000000000", "1000000000000000000"),
            (0.25, -0.0, "0", "0.25"),
        ] {
            let width = IntervalWidth::Number(NumberWidth::new(width));
            let lower = width.lower(number);
            assert_eq!(
                (lower.to_string(), width.upper(lower).to_string()),
                (from.into(), to.into()),
                "{number}"
            );
        }
        // A number on a bound belongs to the interval that begins there, as in a filter by its bounds.
        for width in [0.1, 0.2, 0.3, 0.7, 1.1, 0.01, 0.05] {
            let width = NumberWidth::new(width);
            for n in -1_000..1_000 {
                let number = width.multiple(n);
                assert_eq!((width.index(number), width.index(number.next_down())), (Some(n), Some(n - 1)));
            }
        }
    }

    #[test]
    fn a_document_counts_once_in_each_interval_however_far_apart_these_are() {
        let mut counts = IntervalCounts::new(IntervalWidth::Number(NumberWidth::new(0.5)));
        for numbers in [&[3.1, 3.4, 7.0][..], &[3.0], &[-2.6], &[4_099.0], &[-1e9, 1e9], &[1e300, 1e300], &[]]
        {
            counts.count(numbers);
        }
        counts.add(7.0, 5);
        let mut counts: Vec<(f64, u64)> =
            counts.into_counts().into_iter().map(|(at, of)| (at.0, of)).collect();
        counts.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(counts, [(-1e9, 1), (-3.0, 1), (3.0, 2), (7.0, 6), (4_099.0, 1), (1e9, 1), (1e300, 1)]);
    }
}
