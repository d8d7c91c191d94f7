//! The pause that the headers of a response request: `Retry-After`, and the quotas of rate limits. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::HeaderMap;

use crate::pause::{LEAST_EPOCH, LEAST_EPOCH_MS, number, parse_pause, seconds, since, until};

/// Headers with a pause in milliseconds.
const MILLISECONDS: &[&str] = &["retry-after-ms", "x-retry-after-ms", "x-ms-retry-after-ms"];
/// Headers with a pause in seconds, or a time.
const PAUSES: &[&str] = &["retry-after", "x-retry-after"];
/// Headers with the requests that are left.
const REMAINING: &[&str] =
    &["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining", "x-rate-limit-requests-left"];
/// Headers with the time or the seconds until the quota is full again.
const RESET: &[&str] = &[
    "x-ratelimit-reset-after",
    "ratelimit-reset",
    "x-ratelimit-reset",
    "x-rate-limit-reset",
    "x-rate-limit-time-reset-ms",
];
/// The header of the IETF draft, in its older and its newer form.
const COMBINED: &str = "ratelimit";
/// The requests that are left, and the time until there are more.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Quota {
    remaining: Option<f64>,
    reset: Option<Duration>,
}

/// Returns the pause before the next request; `status` is that of the response.
pub(super) fn requested_wait(status: u16, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    // 202 (Accepted) stands for a result that is not ready yet.
    let is_success = (200..300).contains(&status) && status != 202;
    let explicit = MILLISECONDS
        .iter()
        .find_map(|name| seconds(number(text(headers, name)?)? / 1_000.0))
        .or_else(|| PAUSES.iter().find_map(|name| parse_pause(text(headers, name)?, now)));
    if !is_success && explicit.is_some() {
        return explicit;
    }
    let quotas: Vec<Quota> = combined(headers).into_iter().chain([separate(headers, now)]).collect();
    let is_spent = |quota: &&Quota| quota.remaining.is_some_and(|left| left <= 0.0);
    // The longest of several quotas decides.
    if let Some(wait) = quotas.iter().filter(is_spent).filter_map(|quota| quota.reset).max() {
        return Some(wait);
    }
    let is_unknown = quotas.iter().all(|quota| quota.remaining.is_none());
    let is_limited = status == 429 || is_unknown && matches!(status, 403 | 503);
    quotas.iter().filter_map(|quota| quota.reset).max().filter(|_| is_limited)
}

/// Reads the headers with one value each.
fn separate(headers: &HeaderMap, now: DateTime<Utc>) -> Quota {
    let first = |names: &[&str]| names.iter().find_map(|name| text(headers, name).map(str::to_owned));
    let leading = |value: String| number(value.split([',', ';']).next()?);
    let reset = first(RESET).and_then(|value| match number(&value) {
        Some(number) if number >= LEAST_EPOCH_MS => since(number / 1_000.0, now),
        Some(number) if number >= LEAST_EPOCH => since(number, now),
        Some(number) => seconds(number),
        None => until(&value, now).or_else(|| seconds(number(value.split([',', ';']).next()?)?)),
    });
    Quota { remaining: first(REMAINING).and_then(leading), reset }
}

/// Reads `RateLimit: limit=100, remaining=0, reset=30` and `RateLimit: "default";r=0;t=30`.
fn combined(headers: &HeaderMap) -> Vec<Quota> {
    let lines = headers.get_all(COMBINED).iter().filter_map(|value| value.to_str().ok());
    let line = lines.collect::<Vec<_>>().join(",");
    let line = without_quoted(&line);
    let member = |text: &str, names: [&str; 2]| {
        let pairs = text.split([',', ';']).filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| names.contains(&name.trim())).find_map(|(_, value)| number(value))
    };
    let quota = |text: &str| Quota {
        remaining: member(text, ["remaining", "r"]),
        reset: member(text, ["reset", "t"]).and_then(seconds),
    };
    if line.contains("remaining=") {
        return vec![quota(&line)];
    }
    line.split(',').filter(|member| !member.trim().is_empty()).map(quota).collect()
}

/// Removes quoted names, which may contain separators.
fn without_quoted(line: &str) -> String {
    line.split('"').step_by(2).collect()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn wait(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        let now = Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).single().expect("a time");
        let pairs = headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), value.parse().expect("the value of a header"))
        });
        requested_wait(status, &pairs.collect(), now)
            .map(|wait| u64::try_from(wait.as_millis()).expect("a short pause"))
    }

    #[test]
    fn retry_after_is_parsed_in_seconds_and_as_a_date() {
        for (value, expected) in [
            ("3", Some(3_000)),
            (" 0 ", Some(0)),
            ("1.5", Some(1_500)),
            ("Fri, 20 Nov 2026 12:00:30 GMT", Some(30_000)),
            ("Fri, 20 Nov 2026 11:59:30 GMT", Some(0)),
            ("2s", Some(2_000)),
            ("1500 ms", Some(1_500)),
            ("1 minute", Some(60_000)),
            ("1795176045", Some(45_000)),
            ("1795176045500", Some(45_500)),
            ("1795170000", Some(0)),
            ("2 fortnights", None),
            ("soon", None),
            ("-1", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(wait(503, &[("retry-after", value)]), expected, "{value}");
        }
        assert_eq!(wait(429, &[("retry-after", "2"), ("retry-after-ms", "1250")]), Some(1_250));
        assert_eq!(wait(200, &[("retry-after", "2")]), None, "a success needs no retry");
        assert_eq!(wait(202, &[("retry-after", "2")]), Some(2_000), "the result is not ready");
        assert_eq!(wait(429, &[("x-retry-after", "2")]), Some(2_000));
    }

    #[test]
    fn the_reset_of_a_spent_quota_is_parsed_by_its_magnitude() {
        for (name, value, expected) in [
            ("x-ratelimit-reset", "1795176045", 45_000),
            ("x-ratelimit-reset", "1795176045500", 45_500),
            ("x-ratelimit-reset", "45", 45_000),
            ("ratelimit-reset", "0.5", 500),
            ("x-rate-limit-reset", "2026-11-20T12:01:00Z", 60_000),
            ("x-ratelimit-reset", "1795176000", 0),
            ("x-ratelimit-reset", "1795170000", 0),
            ("x-ratelimit-reset", "45, 60", 45_000),
        ] {
            assert_eq!(wait(429, &[(name, value)]), Some(expected), "{name}: {value}");
            assert_eq!(wait(200, &[("x-ratelimit-remaining", "0"), (name, value)]), Some(expected));
            assert_eq!(wait(200, &[("x-ratelimit-remaining", "1"), (name, value)]), None);
            assert_eq!(wait(403, &[("x-ratelimit-remaining", "9"), (name, value)]), None);
            assert_eq!(wait(500, &[(name, value)]), None, "{name}: {value}");
        }
        assert_eq!(wait(403, &[("x-ratelimit-reset", "7")]), Some(7_000));
        assert_eq!(wait(429, &[("x-ratelimit-reset", "7"), ("retry-after", "3")]), Some(3_000));
    }

    #[test]
    fn the_combined_header_has_two_forms() {
        for (value, expected) in [
            ("limit=100, remaining=0, reset=30", Some(30_000)),
            ("limit=100, remaining=3, reset=30", None),
            ("\"default\";r=0;t=30", Some(30_000)),
            ("\"a, b;r=9\";r=0;t=12, \"day\";r=40;t=9000", Some(12_000)),
            ("\"default\";r=7;t=30", None),
            ("junk", None),
        ] {
            assert_eq!(wait(200, &[("ratelimit", value)]), expected, "{value}");
        }
        assert_eq!(wait(429, &[("ratelimit", "\"default\";t=8")]), Some(8_000));
    }
}
