//! Dates in the spellings of upstreams. Pure.
//!
//! A wrong date is worse than none: ambiguous ones such as `05/06/2025`, and numbers too small for a Unix time,
//! need a configured format.

mod epoch;
mod text;

use chrono::{DateTime, Datelike};

use super::json::Json;
use quarry_config::{DateFormat, EpochUnit};
use quarry_domain::Timestamp;

/// The years that every database can store.
const YEARS: std::ops::RangeInclusive<i32> = 1_000..=9_999;
/// The members of a date object that contain its seconds, and those for the nanoseconds.
const SECONDS: [(&str, &str); 3] =
    [("seconds", "nanos"), ("seconds", "nanoseconds"), ("_seconds", "_nanoseconds")];

/// Parses a date in the configured format, or in a common one.
pub(super) fn parse_date(value: &Json, format: Option<&DateFormat>) -> Option<Timestamp> {
    let at = match format {
        Some(DateFormat::Epoch(unit)) => epoch::in_unit(scalar(value)?, *unit),
        Some(DateFormat::Pattern(pattern)) => pattern.read(scalar(value)?),
        None => recognize(value),
    }?;
    // The store keeps microseconds: a finer date would differ from the stored one.
    let at = DateTime::from_timestamp_micros(at.timestamp_micros())?;
    YEARS.contains(&at.year()).then_some(at)
}

fn recognize(value: &Json) -> Option<Timestamp> {
    match value {
        Json::Object(members) => match members.get("$date") {
            Some(date) => mongo_date(date),
            None => seconds_object(value),
        },
        value => {
            let text = scalar(value)?;
            if epoch::is_number(text) { epoch::by_magnitude(text) } else { text::parse(text) }
        }
    }
}

/// Reads the `$date` of MongoDB's extended JSON: text, or milliseconds.
fn mongo_date(date: &Json) -> Option<Timestamp> {
    let text = scalar(date.get("$numberLong").unwrap_or(date))?;
    if epoch::is_number(text) { epoch::in_unit(text, EpochUnit::Milliseconds) } else { text::parse(text) }
}

/// Reads an object with seconds and nanoseconds, as Protocol Buffers and Firestore write it.
fn seconds_object(value: &Json) -> Option<Timestamp> {
    SECONDS.iter().find_map(|(seconds, nanos)| {
        let seconds = scalar(value.get(seconds)?)?.parse().ok()?;
        DateTime::from_timestamp(seconds, scalar(value.get(nanos)?)?.parse().ok()?)
    })
}

/// Returns a text or the digits of a number.
fn scalar(value: &Json) -> Option<&str> {
    match value {
        Json::String(text) => Some(text.trim()),
        Json::Number(digits) => Some(digits),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
