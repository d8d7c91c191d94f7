//! Dates that are numbers: Unix times and calendar dates in digits.

use chrono::{DateTime, Datelike, NaiveDateTime};

use super::EpochUnit;
use crate::Timestamp;

/// The years of dates in digits, and of Unix times whose unit is a guess.
const PLAUSIBLE_YEARS: std::ops::RangeInclusive<i32> = 1_900..=2_100;
/// The smallest numbers of each unit, from the year 1973 on.
const UNITS: [(f64, EpochUnit); 4] = [
    (1e17, EpochUnit::Nanoseconds),
    (1e14, EpochUnit::Microseconds),
    (1e11, EpochUnit::Milliseconds),
    (1e8, EpochUnit::Seconds),
];
/// Calendar dates by their number of digits.
const CALENDARS: [(usize, &str); 4] =
    [(8, "%Y%m%d%H%M"), (12, "%Y%m%d%H%M"), (14, "%Y%m%d%H%M%S"), (17, "%Y%m%d%H%M%S%3f")];

/// Recognizes digits, perhaps with a sign, a fraction and an exponent.
pub(super) fn is_number(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    text.bytes().all(is_part) && text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Reads a Unix time in a unit.
pub(super) fn in_unit(text: &str, unit: EpochUnit) -> Option<Timestamp> {
    if !is_number(text) {
        return None;
    }
    let micros = match text.parse::<i128>() {
        Ok(number) => match unit {
            EpochUnit::Seconds => number.checked_mul(1_000_000),
            EpochUnit::Milliseconds => number.checked_mul(1_000),
            EpochUnit::Microseconds => Some(number),
            EpochUnit::Nanoseconds => Some(number.div_euclid(1_000)),
        }?,
        Err(_) => float_micros(text.parse().ok()?, unit),
    };
    DateTime::from_timestamp_micros(i64::try_from(micros).ok()?)
}

fn float_micros(number: f64, unit: EpochUnit) -> i128 {
    let micros = match unit {
        EpochUnit::Seconds => number * 1e6,
        EpochUnit::Milliseconds => number * 1e3,
        EpochUnit::Microseconds => number,
        EpochUnit::Nanoseconds => number / 1e3,
    };
    #[expect(clippy::cast_possible_truncation, reason = "a float saturates, and the bounds are no dates")]
    let rounded = micros.round() as i128;
    rounded
}

/// Reads a calendar date, or a Unix time in the unit that its size suggests.
pub(super) fn by_magnitude(text: &str) -> Option<Timestamp> {
    calendar_date(text).or_else(|| {
        let size = text.parse::<f64>().ok()?.abs();
        let (_, unit) = UNITS.iter().find(|(least, _)| size >= *least)?;
        in_unit(text, *unit).filter(|at| PLAUSIBLE_YEARS.contains(&at.year()))
    })
}

/// Reads `20250505`, `202505050747`, `20250505074720` or `20250505074720159`.
fn calendar_date(text: &str) -> Option<Timestamp> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (digits, format) = CALENDARS.iter().find(|(digits, _)| *digits == text.len())?;
    let at = if *digits == 8 {
        NaiveDateTime::parse_from_str(&format!("{text}0000"), format)
    } else {
        NaiveDateTime::parse_from_str(text, format)
    };
    at.ok().filter(|at| PLAUSIBLE_YEARS.contains(&at.year())).map(|at| at.and_utc())
}
