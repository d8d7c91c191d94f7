//! Times in the format in which an upstream writes them. Pure.
//!
//! An upstream understands its own format; RFC 3339 in place of a Unix time is an error, or ignored.

use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// The units of Unix times: parts of a second.
const UNIX_UNITS: [i128; 4] = [1, 1_000, 1_000_000, 1_000_000_000];
/// Times without their zones and fractions of seconds.
const TIMES: [&str; 16] = [
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%dT%H%M%S",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%a, %d %b %Y %H:%M:%S",
    "%a, %-d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M:%S",
    "%-d %b %Y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%a %b %d %H:%M:%S +0000 %Y",
];
/// Days.
const DAYS: [&str; 3] = ["%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"];
/// The zones that texts name by letters.
const ZONES: [&str; 6] = [" UTC", " GMT", "UTC", "GMT", "Z", "z"];

/// Returns a time that is earlier by `overlap`, in the same format; `None` for an unknown format.
///
/// `seconds` is the time since 1970 as which the text was read.
pub(super) fn earlier(text: &str, seconds: i64, overlap: Duration) -> Option<String> {
    if let Some(number) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        return Some(format!("/Date({})/", earlier_number(number, seconds, overlap)?));
    }
    earlier_number(text, seconds, overlap).or_else(|| earlier_time(text, overlap))
}

/// Subtracts from a Unix time, and leaves a fraction as it is.
fn earlier_number(text: &str, seconds: i64, overlap: Duration) -> Option<String> {
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    if !fraction.chars().skip(1).all(|char| char.is_ascii_digit()) {
        return None;
    }
    let number: i128 = whole.parse().ok()?;
    let unit = UNIX_UNITS.into_iter().find(|unit| number.div_euclid(*unit) == i128::from(seconds))?;
    let nanos = i128::try_from(overlap.as_nanos()).ok()?;
    // Rounded up: rather a larger overlap than a smaller one.
    let units = (nanos * unit + 999_999_999) / 1_000_000_000;
    Some(format!("{}{fraction}", number - units))
}

/// Subtracts from a time of the calendar, and leaves its zone and a fraction as they are.
fn earlier_time(text: &str, overlap: Duration) -> Option<String> {
    let (local, zone) = split_zone(text);
    let (local, fraction) = split_fraction(local);
    let whole = TimeDelta::seconds(i64::try_from(overlap.as_nanos().div_ceil(1_000_000_000)).ok()?);
    for format in TIMES {
        let Ok(time) = NaiveDateTime::parse_from_str(local, format) else { continue };
        if time.format(format).to_string() == local {
            return Some(format!("{}{fraction}{zone}", time.checked_sub_signed(whole)?.format(format)));
        }
    }
    DAYS.iter().find_map(|format| {
        let day = NaiveDate::parse_from_str(local, format).ok()?;
        let is_same = fraction.is_empty() && zone.is_empty() && day.format(format).to_string() == local;
        let earlier = day.and_time(NaiveTime::MIN).checked_sub_signed(whole)?;
        is_same.then(|| earlier.format(format).to_string())
    })
}

/// Returns true if a text ends with the zone of its time.
pub(super) fn has_zone(text: &str) -> bool {
    !split_zone(text).1.is_empty()
}

/// Splits the zone from a time: `Z`, ` GMT`, `+02:00`, ` +0200`, `+02`.
fn split_zone(text: &str) -> (&str, &str) {
    if let Some(zone) = ZONES.iter().find(|zone| text.ends_with(*zone)) {
        return text.split_at(text.len() - zone.len());
    }
    let Some(sign) = text.rfind(['+', '-']) else { return (text, "") };
    let digits = text[sign + 1..].replace(':', "");
    let is_offset = matches!(digits.len(), 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let local = &text[..sign];
    // The last part of a day has a sign before it, too.
    let has_time = local.contains(':') || local.contains('T');
    if is_offset && has_time { text.split_at(local.trim_end().len()) } else { (text, "") }
}

/// Splits the fraction from the seconds at the end of a time.
fn split_fraction(local: &str) -> (&str, &str) {
    match local.rfind(['.', ',']) {
        Some(mark)
            if (local[..mark].contains(':') || local[..mark].contains('T'))
                && local.len() > mark + 1
                && local[mark + 1..].bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            local.split_at(mark)
        }
        _ => (local, ""),
    }
}
