//! Dates in the spellings of upstreams. Pure.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use serde_json::Value;

use quarry_domain::Timestamp;

/// Formats with an offset beside RFC 3339 and RFC 2822.
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"];
/// Formats without an offset, parsed as UTC.
const WITHOUT_OFFSET: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
/// The smallest number in milliseconds: in seconds, it would be past the year 5000.
const FIRST_MILLISECONDS: f64 = 1e11;
/// The years that every database can store.
const YEARS: std::ops::RangeInclusive<i32> = 1_000..=9_999;

/// Parses a date: a string in a common format, or a Unix time.
pub(super) fn parse_date(value: &Value) -> Option<Timestamp> {
    let at = match value {
        Value::String(text) => parse_text(text.trim()),
        Value::Number(number) => parse_epoch(number.as_f64()?),
        _ => None,
    }?;
    // The store keeps microseconds: a finer date would differ from the stored one.
    let at = DateTime::from_timestamp_micros(at.timestamp_micros())?;
    YEARS.contains(&at.year()).then_some(at)
}

fn parse_text(text: &str) -> Option<Timestamp> {
    if text.len() >= 9 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return parse_epoch(text.parse().ok()?);
    }
    let with_offset = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_rfc2822(text))
        .ok()
        .or_else(|| WITH_OFFSET.iter().find_map(|format| DateTime::parse_from_str(text, format).ok()));
    if let Some(at) = with_offset {
        return Some(at.to_utc());
    }
    let without_zone = text.strip_suffix(" UTC").unwrap_or(text);
    WITHOUT_OFFSET
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(without_zone, format).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
        .map(|naive| naive.and_utc())
}

fn parse_epoch(number: f64) -> Option<Timestamp> {
    let seconds = if number.abs() < FIRST_MILLISECONDS { number } else { number / 1e3 };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float saturates, and the range of years excludes the bounds"
    )]
    let micros = (seconds * 1e6).round() as i64;
    DateTime::from_timestamp_micros(micros)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn common_formats_are_parsed() {
        for (value, expected) in [
            (json!("2025-05-05T07:47:20.159073+00:00"), "2025-05-05T07:47:20.159073Z"),
            (json!("2025-05-05T07:47:20+02:00"), "2025-05-05T05:47:20Z"),
            (json!("2025-05-05T07:47:20+0200"), "2025-05-05T05:47:20Z"),
            (json!("2025-05-05t07:47:20z"), "2025-05-05T07:47:20Z"),
            (json!(" 2025-05-05 07:47:20 "), "2025-05-05T07:47:20Z"),
            (json!("2025-05-05 07:47:20 UTC"), "2025-05-05T07:47:20Z"),
            (json!("2025-05-05 07:47:20 +0200"), "2025-05-05T05:47:20Z"),
            (json!("2025-05-05T07:47:20.5"), "2025-05-05T07:47:20.500Z"),
            (json!("2025-05-05T07:47:20.123456789Z"), "2025-05-05T07:47:20.123456Z"),
            (json!("2025-05-05T07:47"), "2025-05-05T07:47:00Z"),
            (json!("2025-05-05"), "2025-05-05T00:00:00Z"),
            (json!("Mon, 05 May 2025 07:47:20 +0100"), "2025-05-05T06:47:20Z"),
            (json!("Mon, 05 May 2025 07:47:20 GMT"), "2025-05-05T07:47:20Z"),
            (json!(1_746_431_240), "2025-05-05T07:47:20Z"),
            (json!(1_746_431_240_500_i64), "2025-05-05T07:47:20.500Z"),
            (json!(1_746_431_240.25), "2025-05-05T07:47:20.250Z"),
            (json!("1746431240"), "2025-05-05T07:47:20Z"),
            (json!(0), "1970-01-01T00:00:00Z"),
            (json!(-86_400), "1969-12-31T00:00:00Z"),
        ] {
            let expected = DateTime::parse_from_rfc3339(expected).expect("a date").to_utc();
            assert_eq!(parse_date(&value), Some(expected), "{value}");
        }
    }

    #[test]
    fn other_values_are_none() {
        for value in [
            json!("yesterday"),
            json!(""),
            json!("2025-13-01"),
            json!("0000-00-00 00:00:00"),
            json!("12"),
            json!(1e300),
            json!(true),
            json!(null),
            json!([2025]),
        ] {
            assert_eq!(parse_date(&value), None, "{value}");
        }
    }
}
