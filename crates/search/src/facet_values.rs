//! Facets: their fields, and the pages of values.

use chrono::DateTime;
use foldhash::{HashMap, HashMapExt};

use super::analysis::fold;
use super::attributes::date_text;
use super::engine::{Facet, FacetBucket, FacetStats};
use super::facet_intervals::{IntervalCounts, IntervalWidth, NumberKey};
use super::filter::DocumentFilter;
use super::request::{FacetOrder, FacetRequest, NumberBounds};

/// A field whose values are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FacetField {
    Source,
    Category,
    Author,
    Attribute(String),
}

impl FacetField {
    /// Returns the fields of a request.
    pub(super) fn of(request: &FacetRequest) -> Vec<Self> {
        if request.fields.is_empty() {
            return vec![Self::Source, Self::Category, Self::Author];
        }
        request.fields.iter().map(|name| Self::named(name)).collect()
    }

    fn named(name: &str) -> Self {
        match name {
            "source" => Self::Source,
            "category" => Self::Category,
            "authorKey" => Self::Author,
            name => Self::Attribute(name.to_owned()),
        }
    }

    /// Returns the fields whose own conditions of a filter some requests ignore.
    pub(super) fn lifted(requests: &[FacetRequest], filter: &DocumentFilter) -> Vec<Self> {
        let disjunctive = requests.iter().filter(|request| request.disjunctive);
        let mut lifted: Vec<Self> = Vec::new();
        for field in disjunctive.flat_map(Self::of) {
            if !lifted.contains(&field) && field.lifted_from(filter).is_some() {
                lifted.push(field);
            }
        }
        lifted
    }

    /// Returns a filter without the conditions of this field; `None` if it has none.
    pub(super) fn lifted_from(&self, filter: &DocumentFilter) -> Option<DocumentFilter> {
        let mut lifted = filter.clone();
        match self {
            Self::Source => lifted.source.clear(),
            Self::Category => lifted.category.clear(),
            Self::Author => lifted.author_key.clear(),
            Self::Attribute(name) => lifted.attributes.retain(|condition| condition.name != *name),
        }
        (lifted != *filter).then_some(lifted)
    }

    /// Returns its name in the API.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Source => "source",
            Self::Category => "category",
            Self::Author => "authorKey",
            Self::Attribute(name) => name,
        }
    }
}

/// Counts of numbers, or of microseconds since 1970.
pub(super) struct NumberCounts {
    is_date: bool,
    pub(super) buckets: NumberBuckets,
    pub(super) stats: FacetStats,
}

/// The documents by value.
pub(super) enum NumberBuckets {
    Single(HashMap<NumberKey, u64>),
    Intervals(IntervalCounts),
    Ranges(Vec<(NumberBounds, u64)>),
}

impl NumberCounts {
    pub(super) fn new(request: &FacetRequest, is_date: bool) -> Self {
        let buckets = if !request.ranges.is_empty() {
            NumberBuckets::Ranges(request.ranges.iter().map(|range| (*range, 0)).collect())
        } else if let Some(width) = IntervalWidth::of(request) {
            NumberBuckets::Intervals(IntervalCounts::new(width))
        } else {
            NumberBuckets::Single(HashMap::new())
        };
        Self { is_date, buckets, stats: FacetStats::default() }
    }

    /// Counts the values of a document.
    pub(super) fn count(&mut self, numbers: &[f64]) {
        for &number in numbers {
            self.stats.add(number);
        }
        match &mut self.buckets {
            NumberBuckets::Single(counts) => {
                for &number in numbers {
                    *counts.entry(number.into()).or_default() += 1;
                }
            }
            NumberBuckets::Intervals(counts) => counts.count(numbers),
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
            (NumberBuckets::Single(counts), NumberBuckets::Single(others)) => {
                for (value, count) in others {
                    *counts.entry(value).or_default() += count;
                }
            }
            (NumberBuckets::Intervals(counts), NumberBuckets::Intervals(others)) => {
                others.into_counts().into_iter().for_each(|(lower, count)| counts.add(lower.0, count));
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
            NumberBuckets::Intervals(counts) => {
                let width = counts.width;
                (counts.into_counts(), Some(width))
            }
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

/// Returns the values of a page with their counts, and true if more follow.
///
/// Ordered by value, they are in the order of their letters, without case and accents.
pub(super) fn label_page<E>(
    mut values: Vec<(String, u64, E)>,
    request: &FacetRequest,
) -> (Vec<(String, u64, E)>, bool) {
    if request.order == FacetOrder::Count {
        let compare = |(a, a_count, _): &(String, u64, E), (b, b_count, _): &(String, u64, E)| {
            b_count.cmp(a_count).then_with(|| a.cmp(b))
        };
        let is_after = |(value, of, _): &(String, u64, E)| {
            request.after.as_ref().is_none_or(|(after, count)| (count, value) > (of, after))
        };
        return page(values, request.first, compare, is_after);
    }
    let key = |value: &str| (fold(value).into_owned(), value.to_owned());
    if let Some((after, _)) = &request.after {
        let after = key(after);
        values.retain(|(value, ..)| key(value) > after);
    }
    values.sort_by_cached_key(|(value, ..)| key(value));
    let has_next = values.len() > request.first;
    values.truncate(request.first);
    (values, has_next)
}

/// The letters by which values are compared with the beginning that a request states.
pub(super) struct LabelBeginning(String);

impl LabelBeginning {
    pub(super) fn of(start: Option<&String>) -> Self {
        Self(start.map(|start| fold(start).into_owned()).unwrap_or_default())
    }

    pub(super) fn begins(&self, value: &str) -> bool {
        self.0.is_empty() || fold(value).starts_with(&self.0)
    }
}

/// Returns the buckets of a page, and true if more follow.
///
/// `compare` is the order of values; those equal to `after` in it, and before it, are on earlier pages.
fn page<T>(
    mut values: Vec<T>,
    first: usize,
    compare: impl Fn(&T, &T) -> std::cmp::Ordering,
    is_after: impl Fn(&T) -> bool,
) -> (Vec<T>, bool) {
    values.retain(is_after);
    values.sort_unstable_by(compare);
    let has_next = values.len() > first;
    values.truncate(first);
    (values, has_next)
}
