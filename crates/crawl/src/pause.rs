//! The pause that a response requests: its notations, and its names in a JSON body. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::inspect::normalized;
use super::json::Json;

/// Smaller numbers are seconds from now, greater ones seconds since 1970.
pub(super) const LEAST_EPOCH: f64 = 1e9;
/// Greater numbers are milliseconds since 1970.
pub(super) const LEAST_EPOCH_MS: f64 = 1e11;
/// The longest pause: longer ones are faults.
const MOST_SECONDS: f64 = 3e9;

/// Units of a pause, in seconds.
const UNITS: [(&[&str], f64); 4] = [
    (&["ms", "millis", "msec", "milliseconds"], 0.001),
    (&["s", "sec", "secs", "second", "seconds"], 1.0),
    (&["m", "min", "mins", "minute", "minutes"], 60.0),
    (&["h", "hr", "hour", "hours"], 3_600.0),
];

/// Names of a pause in seconds, and of one in milliseconds, in lower case without marks.
const SECONDS: [&str; 5] = ["retryafter", "retryafterseconds", "retryin", "retryinseconds", "retrydelay"];
const MILLISECONDS: [&str; 3] = ["retryafterms", "retryaftermillis", "retryinms"];
/// Objects around such a member.
const OBJECTS: [&str; 6] = ["", "/error", "/errors/0", "/parameters", "/meta", "/detail"];

/// Parses a pause in seconds, with a unit, as the seconds since 1970, or as a date; a past date is zero.
pub(super) fn parse_pause(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    match number(value) {
        Some(number) if number >= LEAST_EPOCH_MS => since(number / 1_000.0, now),
        Some(number) if number >= LEAST_EPOCH => since(number, now),
        Some(number) => seconds(number),
        None => with_unit(value).or_else(|| until(value, now)),
    }
}

/// Parses `2s`, `1500 ms` and `1 minute`.
fn with_unit(value: &str) -> Option<Duration> {
    let value = value.trim();
    let (digits, unit) = value.split_at(value.find(|char: char| char.is_ascii_alphabetic())?);
    let unit = unit.to_ascii_lowercase();
    let (_, scale) = UNITS.iter().find(|(names, _)| names.contains(&unit.as_str()))?;
    seconds(number(digits)? * scale)
}

/// Returns the pause that a body requests.
pub(super) fn stated_pause(body: &Json, now: DateTime<Utc>) -> Option<Duration> {
    OBJECTS.iter().find_map(|object| {
        let members = body.pointer(object)?.as_object()?;
        members.iter().find_map(|(name, value)| {
            let name = normalized(name);
            let (Json::Number(text) | Json::String(text)) = value else { return None };
            if SECONDS.contains(&name.as_str()) {
                parse_pause(text, now)
            } else if MILLISECONDS.contains(&name.as_str()) {
                parse_pause(&format!("{text}ms"), now)
            } else {
                None
            }
        })
    })
}

/// Returns the time until a date in the format of HTTP or RFC 3339.
pub(super) fn until(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let http = || httpdate::parse_http_date(value.trim()).map(DateTime::<Utc>::from).ok();
    let rfc3339 = || DateTime::parse_from_rfc3339(value.trim()).map(|date| date.with_timezone(&Utc)).ok();
    let date = http().or_else(rfc3339)?;
    Some((date - now).to_std().unwrap_or_default())
}

/// Returns the time until a number of seconds since 1970.
pub(super) fn since(epoch: f64, now: DateTime<Utc>) -> Option<Duration> {
    let now = Duration::from_millis(u64::try_from(now.timestamp_millis()).ok()?);
    let wait = Duration::try_from_secs_f64(epoch).ok()?.saturating_sub(now);
    (wait.as_secs_f64() <= MOST_SECONDS).then_some(wait)
}

pub(super) fn seconds(number: f64) -> Option<Duration> {
    (number <= MOST_SECONDS).then(|| Duration::try_from_secs_f64(number).ok())?
}

/// Parses a number in decimal notation.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_decimal = text.starts_with(|char: char| char.is_ascii_digit())
        && text.chars().all(|char| char.is_ascii_digit() || char == '.');
    is_decimal.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_read_in_any_spelling() {
        let pause = |body: &str| {
            stated_pause(&Json::parse(body).expect("JSON"), Utc::now()).map(|pause| pause.as_millis())
        };
        for (body, expected) in [
            (r#"{"message": "You are being rate limited.", "retry_after": 1.7}"#, Some(1_700)),
            (r#"{"error": {"retryAfter": "2s"}}"#, Some(2_000)),
            (r#"{"ok": false, "parameters": {"retry_after": 5}}"#, Some(5_000)),
            (r#"{"retry_after_ms": 250}"#, Some(250)),
            (r#"{"retry_after": null, "retry": 5}"#, None),
            (r#"{"items": [{"retry_after": 5}]}"#, None),
        ] {
            assert_eq!(pause(body), expected, "{body}");
        }
    }
}
