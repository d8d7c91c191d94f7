//! The highest value of the field by which a crawl asks for changes only. Pure.

mod written;

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};

use super::dates::parse_date;
use super::json::Json;
use quarry_domain::Timestamp;

/// A value, parsed at most once.
pub(super) struct SinceValue {
    text: String,
    integer: Option<i128>,
    time: OnceCell<Option<Timestamp>>,
}

impl SinceValue {
    pub(super) fn of(text: String) -> Self {
        Self { integer: integer(&text), text, time: OnceCell::new() }
    }

    /// Returns the higher one of two values, as numbers, as times or as texts.
    pub(super) fn max(self, other: Self) -> Self {
        if self.compare(&other).is_lt() { other } else { self }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.integer, other.integer) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => match (self.time(), other.time()) {
                (Some(one), Some(other)) => one.cmp(&other),
                _ => self.text.cmp(&other.text),
            },
        }
    }

    fn time(&self) -> Option<Timestamp> {
        *self.time.get_or_init(|| time(&self.text))
    }
}

/// Returns the higher one of two values.
pub(super) fn highest(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(SinceValue::of(one).max(SinceValue::of(other)).into_text()),
        (one, other) => one.or(other),
    }
}

/// Returns the value to ask from: the highest one seen, less the overlap if it is a time.
///
/// Upstreams commit changes later than they date them, so the times just before the highest one are asked for again.
/// They understand the format in which they write.
pub(super) fn start(highest: &str, overlap: Duration) -> String {
    let Some(at) = time(highest).filter(|_| !overlap.is_zero()) else { return highest.to_owned() };
    if let Some(earlier) = written::earlier(highest.trim(), at.timestamp(), overlap) {
        return earlier;
    }
    let earlier = TimeDelta::from_std(overlap).ok().and_then(|overlap| at.checked_sub_signed(overlap));
    earlier.map_or_else(|| highest.to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn integer(text: &str) -> Option<i128> {
    text.trim().parse().ok()
}

fn time(text: &str) -> Option<Timestamp> {
    parse_date(&Json::String(text.to_owned()), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn higher(one: &str, other: &str) -> String {
        highest(Some(one.to_owned()), Some(other.to_owned())).expect("a value")
    }

    #[test]
    fn values_are_compared_as_numbers_times_or_texts() {
        assert_eq!(higher("9", "10"), "10");
        assert_eq!(higher("2026-03-01T09:00:00+02:00", "2026-03-01T08:00:00Z"), "2026-03-01T08:00:00Z");
        assert_eq!(higher("v9", "v10"), "v9");
        assert_eq!(highest(None, Some("a".into())), Some("a".into()));
    }

    #[test]
    fn the_overlap_is_taken_from_times_in_their_own_form() {
        let minute = Duration::from_secs(60);
        for (highest, expected) in [
            ("2026-03-01T09:00:30Z", "2026-03-01T08:59:30Z"),
            ("2026-03-01T11:00:30.250+02:00", "2026-03-01T10:59:30.250+02:00"),
            ("2026-03-01T09:00:30.1234567Z", "2026-03-01T08:59:30.1234567Z"),
            ("2026-03-01T09:00:30", "2026-03-01T08:59:30"),
            ("2026-03-01 00:00:30", "2026-02-28 23:59:30"),
            ("2026-03-01 09:00:30.25", "2026-03-01 08:59:30.25"),
            ("2026-03-01 09:00:30+00", "2026-03-01 08:59:30+00"),
            ("2026-03-01 09:00:30 UTC", "2026-03-01 08:59:30 UTC"),
            ("2026/03/01 09:00", "2026/03/01 08:59"),
            ("20260301090030", "20260301085930"),
            ("20260301T090030Z", "20260301T085930Z"),
            ("20260301", "20260228"),
            ("Sun, 01 Mar 2026 00:00:30 +0000", "Sat, 28 Feb 2026 23:59:30 +0000"),
            ("Sun, 01 Mar 2026 09:00:30 GMT", "Sun, 01 Mar 2026 08:59:30 GMT"),
            ("Sun Mar 01 09:00:30 +0000 2026", "Sun Mar 01 08:59:30 +0000 2026"),
            ("1700001200.25", "1700001140.25"),
            ("1700001200250", "1700001140250"),
            ("/Date(1772355630000)/", "/Date(1772355570000)/"),
            ("2026-03-01", "2026-02-28"),
            ("1772355630", "1772355570"),
            ("1772355630000", "1772355570000"),
            ("4711", "4711"),
            ("v9", "v9"),
        ] {
            assert_eq!(start(highest, minute), expected, "{highest}");
        }
        assert_eq!(start("2026-03-01T09:00:30Z", Duration::ZERO), "2026-03-01T09:00:30Z");
        assert_eq!(start("1772355630", Duration::from_millis(500)), "1772355629");
    }
}
