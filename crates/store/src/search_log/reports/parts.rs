//! The parts of a period: the fewest roll-ups and rows that cover exactly that time.

use crate::StoredTime;
use crate::span::{DAY, HOUR_S, Span, ceil, floor};

/// A UTC day that has searches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DayState {
    pub(super) day: StoredTime,
    /// True if its roll-ups by day are current.
    pub(super) rolled: bool,
}

/// The parts of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PeriodParts {
    /// Spans of roll-ups by day.
    pub(super) days: Vec<Span>,
    /// Spans of roll-ups by hour.
    pub(super) hours: Vec<Span>,
    /// Spans of rows of the log.
    pub(super) rows: Vec<Span>,
}

impl PeriodParts {
    /// Splits a period, given all days with searches in it, oldest first.
    pub(super) fn of(period: Span, states: &[DayState]) -> Self {
        let mut parts = Self::default();
        if period.is_empty() {
            return parts;
        }
        let first_hour = ceil(period.from, HOUR_S);
        let end = period.before.map(|before| floor(before, HOUR_S));
        let Some(latest) = states.last().map(|state| state.day + DAY) else { return parts };
        if let (Some(end), Some(before)) = (end, period.before) {
            if end < first_hour {
                parts.rows.push(Span::until(period.from, before));
                return parts;
            }
            parts.rows.push(Span::until(end, before));
        }
        parts.rows.push(Span::until(period.from, first_hour));
        parts.rows.retain(|rows| !rows.is_empty());

        // There are no searches between listed days.
        let mut hours_from = Some(first_hour);
        let mut days: Option<Span> = None;
        for state in states {
            let next = state.day + DAY;
            let whole = state.day >= first_hour && end.is_none_or(|end| next <= end);
            match (state.rolled && whole, &mut days) {
                (true, Some(days)) => days.before = Some(next),
                (true, none) => {
                    if let Some(from) = hours_from.take() {
                        parts.hours.push(Span::until(from, state.day));
                    }
                    *none = Some(Span::until(state.day, next));
                }
                (false, _) => {
                    parts.days.extend(days.take());
                    if hours_from.is_none() {
                        hours_from = Some(state.day);
                    }
                }
            }
        }
        parts.days.extend(days);
        if let Some(from) = hours_from {
            // There are no later searches.
            parts.hours.push(Span::until(from, end.map_or(latest, |end| Ord::min(end, latest))));
        }
        parts.hours.retain(|hours| !hours.is_empty());
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rfc3339: &str) -> StoredTime {
        chrono::DateTime::parse_from_rfc3339(rfc3339).unwrap()
    }

    fn day(of_month: u32) -> StoredTime {
        at(&format!("2026-11-{of_month:02}T00:00:00Z"))
    }

    fn span(from: &str, before: Option<&str>) -> Span {
        let full = |text: &str| at(&format!("2026-11-{text}Z"));
        Span { from: full(from), before: before.map(full) }
    }

    fn states(days: &[(u32, bool)]) -> Vec<DayState> {
        days.iter().map(|(of_month, rolled)| DayState { day: day(*of_month), rolled: *rolled }).collect()
    }

    #[test]
    fn a_period_is_whole_days_whole_hours_and_rows_at_its_ends() {
        let of = |from, before, days: &[(u32, bool)]| PeriodParts::of(span(from, before), &states(days));
        let all = [(1, true), (2, true), (3, true), (4, true)];
        assert_eq!(
            of("01T10:20:30", Some("04T01:00:00.5"), &all),
            PeriodParts {
                days: vec![span("02T00:00:00", Some("04T00:00:00"))],
                hours: vec![
                    span("01T11:00:00", Some("02T00:00:00")),
                    span("04T00:00:00", Some("04T01:00:00"))
                ],
                rows: vec![
                    span("04T01:00:00", Some("04T01:00:00.5")),
                    span("01T10:20:30", Some("01T11:00:00"))
                ],
            }
        );
        // Outdated days are read by the hour, and days without searches are skipped.
        assert_eq!(
            of("01T00:00:00", None, &[(1, true), (3, true), (4, false), (5, false), (7, true), (9, false)]),
            PeriodParts {
                days: vec![
                    span("01T00:00:00", Some("04T00:00:00")),
                    span("07T00:00:00", Some("08T00:00:00"))
                ],
                hours: vec![
                    span("04T00:00:00", Some("07T00:00:00")),
                    span("09T00:00:00", Some("10T00:00:00"))
                ],
                rows: vec![],
            }
        );
        let nothing_rolled = of("01T00:00:00", Some("03T00:00:00"), &[(1, false), (2, false)]);
        assert_eq!(nothing_rolled.hours, [span("01T00:00:00", Some("03T00:00:00"))]);
    }

    #[test]
    fn short_periods_are_rows() {
        let rows = |from, before| {
            let parts = PeriodParts::of(span(from, Some(before)), &states(&[(1, true)]));
            assert!(parts.days.is_empty() && parts.hours.is_empty());
            parts.rows
        };
        assert_eq!(rows("01T10:20:00", "01T10:40:00"), [span("01T10:20:00", Some("01T10:40:00"))]);
        assert_eq!(
            rows("01T10:20:00", "01T11:40:00"),
            [span("01T11:00:00", Some("01T11:40:00")), span("01T10:20:00", Some("01T11:00:00"))]
        );
        assert!(rows("01T10:20:00", "01T10:20:00").is_empty());
        assert!(rows("01T10:20:00", "01T09:20:00").is_empty());
    }
}
