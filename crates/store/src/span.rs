//! Periods in UTC days, hours and quarters of an hour, for reports and roll-ups.

use chrono::{DateTime, TimeDelta};
use sea_orm::{ColumnTrait, Condition};

use super::{StoredTime, stored};
use quarry_domain::{Period, Timestamp};

pub(super) const HOUR_S: i64 = 60 * 60;
pub(super) const HOUR: TimeDelta = TimeDelta::seconds(HOUR_S);
pub(super) const QUARTER_S: i64 = HOUR_S / 4;
pub(super) const DAY_S: i64 = 24 * HOUR_S;
pub(super) const DAY: TimeDelta = TimeDelta::seconds(DAY_S);

/// A half-open period; without an end, up to the latest row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: StoredTime,
    pub(super) before: Option<StoredTime>,
}

impl Span {
    pub(super) fn of(period: Period) -> Self {
        Self { from: stored(period.from), before: period.before.map(stored) }
    }

    pub(super) fn until(from: StoredTime, before: StoredTime) -> Self {
        Self { from, before: Some(before) }
    }

    /// Holds for rows whose time is within the period.
    pub(super) fn contains(&self, column: impl ColumnTrait) -> Condition {
        Condition::all().add(column.gte(self.from)).add_option(self.before.map(|before| column.lt(before)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.before.is_some_and(|before| before <= self.from)
    }
}

/// Rounds a point in time down to a multiple of a length in seconds.
pub(super) fn floor(at: StoredTime, length_s: i64) -> StoredTime {
    let second = at.timestamp().div_euclid(length_s) * length_s;
    let start: Timestamp = DateTime::from_timestamp(second, 0).expect("a rounded point in time is in range");
    stored(start)
}

/// Rounds a point in time up to a multiple of a length in seconds.
pub(super) fn ceil(at: StoredTime, length_s: i64) -> StoredTime {
    let floor = floor(at, length_s);
    if floor == at { at } else { floor + TimeDelta::seconds(length_s) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_multiples() {
        let at = |rfc3339: &str| DateTime::parse_from_rfc3339(rfc3339).unwrap();
        for (given, quarter, hour, day) in [
            ("2026-11-20T10:59:59.999999Z", "10:45", "10:00", "2026-11-20"),
            ("2026-11-20T11:00:00Z", "11:00", "11:00", "2026-11-20"),
            ("2026-11-20T11:20:00+05:30", "05:45", "05:00", "2026-11-20"),
            ("1969-12-31T23:59:59Z", "23:45", "23:00", "1969-12-31"),
        ] {
            let on_day = |time: &str| at(&format!("{day}T{time}:00Z")).to_utc();
            assert_eq!(floor(at(given), QUARTER_S).to_utc(), on_day(quarter));
            assert_eq!(floor(at(given), HOUR_S).to_utc(), on_day(hour));
            assert_eq!(floor(at(given), DAY_S).to_utc(), on_day("00:00"));
        }
        let hour = at("2026-11-20T10:00:00Z");
        assert_eq!(ceil(hour, HOUR_S), hour);
        assert_eq!(ceil(hour + TimeDelta::microseconds(1), HOUR_S), hour + HOUR);
    }
}
