//! Counts of numbers and dates: single values, intervals or ranges, and their statistics.

use std::collections::HashMap;

use chrono::DateTime;
use ordered_float::OrderedFloat;
use tantivy::DocId;
use tantivy::columnar::Column;

use super::interval::IntervalWidth;
use super::page;
use crate::attributes::date_text;
use crate::engine::{Facet, FacetBucket, FacetStats};
use crate::request::{FacetOrder, FacetRequest, NumberBounds};

/// A number as a key.
type NumberKey = OrderedFloat<f64>;

/// The values of a segment with their counts.
pub(super) struct NumberColumn {
    values: Values,
    counts: NumberCounts,
    /// The values of one document, reused.
    of_doc: Vec<f64>,
}

enum Values {
    Numbers(Column<f64>),
    Dates(Column<i64>),
}

/// Counts of numbers, or of microseconds since 1970.
pub(super) struct NumberCounts {
    is_date: bool,
    buckets: NumberBuckets,
    stats: FacetStats,
}

/// The documents by value.
enum NumberBuckets {
    Single(HashMap<NumberKey, u64>),
    /// By the lower bound.
    Intervals(IntervalWidth, HashMap<NumberKey, u64>),
    Ranges(Vec<(NumberBounds, u64)>),
}

impl NumberColumn {
    pub(super) fn of_numbers(request: &FacetRequest, column: Column<f64>) -> Self {
        Self::new(request, Values::Numbers(column), false)
    }

    pub(super) fn of_dates(request: &FacetRequest, column: Column<i64>) -> Self {
        Self::new(request, Values::Dates(column), true)
    }

    fn new(request: &FacetRequest, values: Values, is_date: bool) -> Self {
        let buckets = if !request.ranges.is_empty() {
            NumberBuckets::Ranges(request.ranges.iter().map(|range| (*range, 0)).collect())
        } else if let Some(width) = IntervalWidth::of(request) {
            NumberBuckets::Intervals(width, HashMap::new())
        } else {
            NumberBuckets::Single(HashMap::new())
        };
        let counts = NumberCounts { is_date, buckets, stats: FacetStats::default() };
        Self { values, counts, of_doc: Vec::new() }
    }

    pub(super) fn count(&mut self, doc: DocId) {
        self.of_doc.clear();
        match &self.values {
            Values::Numbers(column) => self.of_doc.extend(column.values_for_doc(doc)),
            Values::Dates(column) => self.of_doc.extend(column.values_for_doc(doc).map(|at| at as f64)),
        }
        self.counts.count(&self.of_doc);
    }

    pub(super) fn into_counts(self) -> NumberCounts {
        self.counts
    }
}

impl NumberCounts {
    fn count(&mut self, numbers: &[f64]) {
        for &number in numbers {
            self.stats.add(number);
        }
        match &mut self.buckets {
            NumberBuckets::Single(counts) => {
                for &number in numbers {
                    *counts.entry(number.into()).or_default() += 1;
                }
            }
            NumberBuckets::Intervals(width, counts) => {
                let lower = |number: f64| width.lower(number);
                for (at, &number) in numbers.iter().enumerate() {
                    // A document counts once in each interval.
                    if !numbers[..at].iter().any(|&before| lower(before) == lower(number)) {
                        *counts.entry(lower(number).into()).or_default() += 1;
                    }
                }
            }
            NumberBuckets::Ranges(ranges) => {
                for (NumberBounds { from, to }, count) in ranges {
                    let is_within = |number: &f64| {
                        from.is_none_or(|from| *number >= from) && to.is_none_or(|to| *number < to)
                    };
                    *count += u64::from(numbers.iter().any(is_within));
                }
            }
        }
    }

    /// Adds the counts of another segment.
    pub(super) fn add(&mut self, other: Self) {
        self.stats.merge(&other.stats);
        match (&mut self.buckets, other.buckets) {
            (NumberBuckets::Single(counts), NumberBuckets::Single(others))
            | (NumberBuckets::Intervals(_, counts), NumberBuckets::Intervals(_, others)) => {
                for (value, count) in others {
                    *counts.entry(value).or_default() += count;
                }
            }
            (NumberBuckets::Ranges(counts), NumberBuckets::Ranges(others)) => {
                for ((_, count), (_, other)) in counts.iter_mut().zip(others) {
                    *count += other;
                }
            }
            _ => {}
        }
    }

    pub(super) fn into_facet(self, field: String, request: &FacetRequest) -> Facet {
        let is_date = self.is_date;
        let facet = |buckets, value_count, has_next| Facet {
            field,
            buckets,
            value_count,
            has_next,
            stats: Some(self.stats),
            is_date,
        };
        let (values, width) = match self.buckets {
            NumberBuckets::Ranges(ranges) => {
                let bucket = |(bounds, count): (NumberBounds, u64)| FacetBucket {
                    value: format!("{}..{}", bound(bounds.from, is_date), bound(bounds.to, is_date)),
                    count,
                    name: None,
                    bounds: Some(bounds),
                };
                let buckets: Vec<FacetBucket> = ranges.into_iter().map(bucket).collect();
                let count = buckets.len() as u64;
                return facet(buckets, count, false);
            }
            NumberBuckets::Single(values) => (values, None),
            NumberBuckets::Intervals(width, values) => (values, Some(width)),
        };
        let value_count = values.len() as u64;
        // A histogram is read from left to right.
        let by_count = request.order == FacetOrder::Count && width.is_none();
        let compare = |(a, a_count): &(NumberKey, u64), (b, b_count): &(NumberKey, u64)| {
            if by_count { b_count.cmp(a_count).then(a.cmp(b)) } else { a.cmp(b) }
        };
        let after = request.after.as_ref().and_then(|(value, count)| Some((parse(value, is_date)?, *count)));
        let is_after = |(value, count): &(NumberKey, u64)| match after {
            None => true,
            Some((after, of)) if by_count => *count < of || (*count == of && value.0 > after),
            Some((after, _)) => value.0 > after,
        };
        let (values, has_next) = page(values.into_iter().collect(), request.first, compare, is_after);
        let bucket = |(value, count): (NumberKey, u64)| FacetBucket {
            value: bound(Some(value.0), is_date),
            count,
            name: None,
            bounds: width.map(|width| NumberBounds { from: Some(value.0), to: Some(width.upper(value.0)) }),
        };
        facet(values.into_iter().map(bucket).collect(), value_count, has_next)
    }
}

/// Returns a number, or a date by RFC 3339; nothing for an open end.
fn bound(number: Option<f64>, is_date: bool) -> String {
    match number {
        Some(number) if is_date => date_text(number),
        Some(number) => number.to_string(),
        None => String::new(),
    }
}

fn parse(value: &str, is_date: bool) -> Option<f64> {
    if is_date {
        return Some(DateTime::parse_from_rfc3339(value).ok()?.timestamp_micros() as f64);
    }
    value.parse().ok()
}
