//! What a period is added up of: whole days, and the rows of what is left at its two ends.

use super::super::StoredTime;
use super::super::span::{DAY_S, Span, first_from, floor};

/// A period, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// Whole days, by the roll-ups.
    pub(super) days: Option<Span>,
    /// Less than a day each, by the rows.
    pub(super) rows: Vec<Span>,
}

impl Parts {
    /// Takes a period apart; one that ends before it begins has no parts.
    pub(super) fn of(period: Span) -> Self {
        let Span { from, before } = period;
        let first_day = first_from(from, DAY_S);
        if before.is_some_and(|before| before < first_day) {
            return Self { days: None, rows: [period].into_iter().filter(|span| !span.is_empty()).collect() };
        }
        let days = Span { from: first_day, before: before.map(start_of_day) };
        let head = Span { from, before: Some(first_day) };
        let tail = before.map(|before| Span { from: start_of_day(before), before: Some(before) });
        Self {
            days: Some(days).filter(|span| !span.is_empty()),
            rows: [Some(head), tail].into_iter().flatten().filter(|span| !span.is_empty()).collect(),
        }
    }
}

fn start_of_day(at: StoredTime) -> StoredTime {
    floor(at, DAY_S)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::super::super::span::DAY;
    use super::super::super::stored;
    use super::*;

    fn at(second: i64) -> StoredTime {
        stored(DateTime::from_timestamp(second, 0).unwrap())
    }

    #[test]
    fn periods_come_apart_at_midnight() {
        let midnight = 20_000 * DAY_S;
        let parts = |from: i64, before: Option<i64>| {
            let parts = Parts::of(Span { from: at(from), before: before.map(at) });
            let bounds = |span: Span| (span.from.timestamp(), span.before.map(|before| before.timestamp()));
            (parts.days.map(bounds), parts.rows.into_iter().map(bounds).collect::<Vec<_>>())
        };
        let next = midnight + DAY_S;
        assert_eq!(parts(midnight, Some(next)), (Some((midnight, Some(next))), vec![]));
        assert_eq!(parts(midnight, None), (Some((midnight, None)), vec![]));
        assert_eq!(parts(midnight + 1, None), (Some((next, None)), vec![(midnight + 1, Some(next))]));
        assert_eq!(
            parts(midnight - 1, Some(next + 1)),
            (Some((midnight, Some(next))), vec![(midnight - 1, Some(midnight)), (next, Some(next + 1))])
        );
        // Within a day, over a midnight, and up to one.
        assert_eq!(parts(midnight + 1, Some(midnight + 2)), (None, vec![(midnight + 1, Some(midnight + 2))]));
        assert_eq!(
            parts(midnight - 1, Some(midnight + 1)),
            (None, vec![(midnight - 1, Some(midnight)), (midnight, Some(midnight + 1))])
        );
        assert_eq!(parts(midnight - 1, Some(midnight)), (None, vec![(midnight - 1, Some(midnight))]));
        assert_eq!(parts(midnight, Some(midnight)), (None, vec![]));
        assert_eq!(parts(midnight + 5, Some(midnight - 5)), (None, vec![]));
    }

    proptest! {
        #[test]
        fn parts_make_up_the_period(from in -400_000_i64..400_000, length in 1_i64..500_000) {
            let period = Span { from: at(from), before: Some(at(from + length)) };
            let parts = Parts::of(period);
            if let Some(day) = parts.days {
                prop_assert_eq!(start_of_day(day.from), day.from);
                prop_assert_eq!(day.before.map(start_of_day), day.before);
            }
            let mut spans: Vec<Span> = parts.rows.iter().copied().chain(parts.days).collect();
            spans.sort_by_key(|span| span.from);
            prop_assert_eq!(spans[0].from, period.from);
            prop_assert_eq!(spans[spans.len() - 1].before, period.before);
            for pair in spans.windows(2) {
                prop_assert_eq!(pair[0].before, Some(pair[1].from));
            }
            for row in parts.rows {
                prop_assert!(row.before.unwrap() - row.from < DAY);
            }
        }
    }
}
