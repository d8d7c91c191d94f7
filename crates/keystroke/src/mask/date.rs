//! Dates within numbers.

use super::check_digits::modulo;

/// Returns true for a month and a day, given in two digits each.
pub(super) fn is_month_day(month: u64, day: u64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// Returns true if digits end with a month and a day: `YYMMDD`, `YYYYMMDD`.
pub(super) fn ends_with_month_day(digits: &[u8]) -> bool {
    let from = digits.len().saturating_sub(4);
    let [month, day] = [from, from + 2].map(|at| digits.get(at..at + 2).map_or(0, |pair| modulo(pair, 100)));
    is_month_day(month, day)
}

/// Returns true if digits begin with a day and a month: `DDMM`.
pub(super) fn begins_with_day_month(digits: &[u8]) -> bool {
    let [day, month] = [0, 2].map(|at| digits.get(at..at + 2).map_or(0, |pair| modulo(pair, 100)));
    is_month_day(month, day)
}
