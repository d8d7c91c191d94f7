//! The highest value of the field by which a crawl asks for changes only. Pure.

mod written;

use std::cmp::Ordering;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};

use super::dates::parse_date;
use super::json::Json;
use quarry_domain::Timestamp;

/// The times without a zone that may be those of any zone are at most this far ahead of UTC.
const ZONE_LEAD: TimeDelta = TimeDelta::hours(14);

/// The kinds of values; a later kind counts before an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Neither a number nor a time, such as `never`.
    Text,
    /// A number that would be a time in the future.
    AheadNumber,
    /// A number or a time.
    Measure,
}

/// A parsed value.
#[derive(Clone, Debug)]
pub(super) struct SinceValue {
    text: String,
    kind: Kind,
    integer: Option<i128>,
    time: Option<Timestamp>,
}

impl SinceValue {
    /// Parses a value; `None` for a time after `latest`, such as that of a scheduled item or a placeholder.
    ///
    /// No crawl would ask for the changes before it.
    pub(super) fn of(text: String, latest: Timestamp) -> Option<Self> {
        let (integer, time) = (integer(&text), time(&text));
        let is_number = text.trim().parse::<f64>().is_ok();
        let lead = if is_number || written::has_zone(text.trim()) { TimeDelta::zero() } else { ZONE_LEAD };
        let is_ahead = time.is_some_and(|time| time - lead > latest);
        let kind = match (is_ahead, is_number) {
            (true, false) => return None,
            // It may count something else.
            (true, true) => Kind::AheadNumber,
            (false, _) if is_number || time.is_some() => Kind::Measure,
            (false, _) => Kind::Text,
        };
        Some(Self { text, kind, integer, time })
    }

    /// Returns the higher one of two values, as numbers, as times or as texts.
    pub(super) fn max(self, other: Self) -> Self {
        if self.compare(&other).is_lt() { other } else { self }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.kind.cmp(&other.kind).then_with(|| match (self.integer, other.integer) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => match (self.time, other.time) {
                (Some(one), Some(other)) => one.cmp(&other),
                _ => self.text.cmp(&other.text),
            },
        })
    }
}

/// Returns the latest time of a change that a crawl can see at `now`.
pub(super) fn latest(now: Timestamp, overlap: Duration) -> Timestamp {
    let latest = TimeDelta::from_std(overlap).ok().and_then(|overlap| now.checked_add_signed(overlap));
    latest.unwrap_or(now)
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
    use crate::fixtures::now;

    fn parsed(text: &str) -> Option<SinceValue> {
        SinceValue::of(text.to_owned(), latest(now(), Duration::from_secs(60)))
    }

    fn higher(one: &str, other: &str) -> String {
        let (one, other) = (parsed(one).expect("a value"), parsed(other).expect("a value"));
        one.max(other).into_text()
    }

    #[test]
    fn values_are_compared_as_numbers_times_or_texts() {
        assert_eq!(higher("9", "10"), "10");
        assert_eq!(higher("2026-03-01T09:00:00+02:00", "2026-03-01T08:00:00Z"), "2026-03-01T08:00:00Z");
        assert_eq!(higher("v9", "v10"), "v9");
    }

    #[test]
    fn times_in_the_future_do_not_count() {
        for ahead in [
            "9999-12-31T23:59:59Z",
            "2026-11-20T12:01:01Z",
            "2026-11-20T14:02:00+02:00",
            "Sat, 21 Nov 2026 08:00:00 GMT",
            "2026-11-21 02:02:00",
            "2099-01-01",
        ] {
            assert!(parsed(ahead).is_none(), "{ahead}");
        }
        for seen in ["2026-11-20T12:00:59Z", "2026-11-20T13:59:00+02:00", "2026-11-21 01:59:00", "2026-11-20"]
        {
            assert!(parsed(seen).is_some(), "{seen}");
        }
    }

    #[test]
    fn numbers_and_times_count_before_texts_and_unix_times_in_the_future() {
        for (value, other) in [
            ("2026-03-01T09:00:00Z", "never"),
            ("1772355630", "pending"),
            ("1772355630", "4102444800"),
            ("1772355630000", "4102444800000"),
            ("4711", "n/a"),
        ] {
            assert_eq!((higher(value, other), higher(other, value)), (value.to_owned(), value.to_owned()));
        }
        assert_eq!(higher("4102444800", "4102444801"), "4102444801", "they may count something else");
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
