//! Dates in the JSON of upstreams. Pure.
//!
//! An ambiguous date such as `05/06/2025` needs a configured format.

use chrono::DateTime;

use super::json::Json;
use quarry_config::DateFormat;
use quarry_domain::{EpochUnit, Timestamp, parse_epoch, storable_date};

/// The members of a date object that contain its seconds, and those for the nanoseconds.
const SECONDS: [(&str, &str); 3] =
    [("seconds", "nanos"), ("seconds", "nanoseconds"), ("_seconds", "_nanoseconds")];

/// Parses a date in the configured format, or in a common one.
pub(super) fn parse_date(value: &Json, format: Option<&DateFormat>) -> Option<Timestamp> {
    let at = match format {
        Some(DateFormat::Epoch(unit)) => parse_epoch(scalar(value)?, *unit),
        Some(DateFormat::Pattern(pattern)) => pattern.read(scalar(value)?),
        None => recognize(value),
    }?;
    // A finer date would differ from the stored one.
    storable_date(at)
}

fn recognize(value: &Json) -> Option<Timestamp> {
    match value {
        Json::Object(members) => match members.get("$date") {
            Some(date) => mongo_date(date),
            None => seconds_object(value),
        },
        value => quarry_domain::parse_date(scalar(value)?),
    }
}

/// Reads the `$date` of MongoDB's extended JSON: text, or milliseconds.
fn mongo_date(date: &Json) -> Option<Timestamp> {
    let text = scalar(date.get("$numberLong").unwrap_or(date))?;
    let is_number = text.parse::<f64>().is_ok();
    if is_number { parse_epoch(text, EpochUnit::Milliseconds) } else { quarry_domain::parse_date(text) }
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
