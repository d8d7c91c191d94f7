//! Prefixes of ranked lists: the first queries of the days and hours of a period.

use sea_orm::sea_query::{Alias, Expr, IntoIden, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait};

use super::parts::DayState;
use super::ranking::ListPrefix;
use super::sums::RankBy;
use crate::StoredTime;
use crate::batch::union_all;
use crate::entity::{search_query_days as days, search_query_hours as hours};
use crate::failure::CallFailure;
use crate::snapshot::ReadTransaction;
use crate::span::{DAY, HOUR, Span};

/// Lists in one statement: SQLite allows a union of 500 selections.
const STATEMENT_LISTS: usize = 100;
/// The least number of whole days for reading those at both ends in full.
///
/// With fewer, the ends are read by the hour, because they blur the bounds of candidates.
const MIN_WHOLE_DAYS: usize = 3;

/// All queries of a day or an hour, ordered by their counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RankedList {
    interval: Interval,
    /// True if the interval lies within the period.
    pub(super) is_within: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interval {
    Day(StoredTime),
    Hour(StoredTime),
}

/// The ranked lists that contain all searches of a period.
pub(super) fn lists(period: Span, states: &[DayState]) -> Vec<RankedList> {
    let within = |from: StoredTime, end: StoredTime| {
        from >= period.from && period.before.is_none_or(|before| end <= before)
    };
    let outside = |from: StoredTime, end: StoredTime| {
        end <= period.from || period.before.is_some_and(|before| from >= before)
    };
    let whole = |state: &DayState| state.rolled && within(state.day, state.day + DAY);
    let has_many_days = states.iter().filter(|state| whole(state)).count() >= MIN_WHOLE_DAYS;
    let mut lists = Vec::new();
    for state in states {
        let (from, end) = (state.day, state.day + DAY);
        if outside(from, end) {
            continue;
        }
        if whole(state) || (state.rolled && has_many_days) {
            lists.push(RankedList { interval: Interval::Day(from), is_within: whole(state) });
            continue;
        }
        let all = std::iter::successors(Some(from), |hour| Some(*hour + HOUR)).take_while(|hour| *hour < end);
        for hour in all.filter(|hour| !outside(*hour, *hour + HOUR)) {
            lists.push(RankedList { interval: Interval::Hour(hour), is_within: within(hour, hour + HOUR) });
        }
    }
    lists
}

/// Reads the first `depth` queries of each list.
pub(super) async fn read(
    snapshot: &ReadTransaction,
    lists: &[RankedList],
    by: RankBy,
    depth: u64,
) -> Result<Vec<ListPrefix>, CallFailure> {
    let mut prefixes: Vec<ListPrefix> =
        lists.iter().map(|list| ListPrefix { is_within: list.is_within, ..ListPrefix::default() }).collect();
    let numbered: Vec<(i64, &RankedList)> = (0..).zip(lists).collect();
    for lists in numbered.chunks(STATEMENT_LISTS) {
        let selects = lists.iter().map(|(number, list)| prefix(*number, list, by, depth));
        let Some(select) = union_all(selects) else { continue };
        let rows: Vec<(i64, String, i64)> = snapshot.all(&select).await?;
        for (number, query_key, count) in rows {
            prefixes[number as usize].queries.push((query_key, count));
        }
    }
    for prefix in &mut prefixes {
        let least = prefix.queries.iter().map(|(_, count)| *count).min();
        prefix.remainder = if prefix.queries.len() as u64 == depth { least.unwrap_or(0) } else { 0 };
    }
    Ok(prefixes)
}

fn prefix(number: i64, list: &RankedList, by: RankBy, depth: u64) -> SelectStatement {
    let select = match list.interval {
        Interval::Day(day) => {
            let count = match by {
                RankBy::Searches => days::Column::Searches,
                RankBy::ZeroResults => days::Column::ZeroResults,
                RankBy::Unmatched => days::Column::Unmatched,
            };
            greatest(days::Entity, days::Column::QueryKey, days::Column::Day.eq(day), count, depth)
        }
        Interval::Hour(hour) => {
            let count = match by {
                RankBy::Searches => hours::Column::Searches,
                RankBy::ZeroResults => hours::Column::ZeroResults,
                RankBy::Unmatched => hours::Column::Unmatched,
            };
            greatest(hours::Entity, hours::Column::QueryKey, hours::Column::Hour.eq(hour), count, depth)
        }
    };
    // A subquery, because a part of a union cannot have an order.
    Query::select()
        .expr(Expr::value(number))
        .columns([Alias::new("query_key"), Alias::new("count")])
        .from_subquery(select, Alias::new("prefix"))
        .take()
}

fn greatest<C: ColumnTrait + IntoIden>(
    table: impl EntityTrait,
    query_key: C,
    interval: Expr,
    count: C,
    depth: u64,
) -> SelectStatement {
    Query::select()
        .column(query_key)
        .expr_as(Expr::col(count), Alias::new("count"))
        .from(table)
        .and_where(interval)
        .and_where(count.gt(0))
        .order_by(count, Order::Desc)
        .limit(depth)
        .take()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rfc3339: &str) -> StoredTime {
        chrono::DateTime::parse_from_rfc3339(rfc3339).unwrap()
    }

    fn states(rolled: &[bool]) -> Vec<DayState> {
        let first = at("2026-11-01T00:00:00Z");
        let day = |(number, rolled): (i32, &bool)| DayState { day: first + DAY * number, rolled: *rolled };
        (0..).zip(rolled).map(day).collect()
    }

    fn period(from: &str, before: Option<&str>) -> Span {
        let full = |text: &str| at(&format!("2026-11-{text}Z"));
        Span { from: full(from), before: before.map(full) }
    }

    fn days_and_hours(lists: &[RankedList]) -> (Vec<bool>, Vec<bool>) {
        let (days, hours): (Vec<&RankedList>, Vec<&RankedList>) =
            lists.iter().partition(|list| matches!(list.interval, Interval::Day(_)));
        let within = |lists: Vec<&RankedList>| lists.into_iter().map(|list| list.is_within).collect();
        (within(days), within(hours))
    }

    #[test]
    fn days_at_the_ends_are_read_in_full_beside_enough_others() {
        let all = lists(period("01T10:20:00", Some("05T01:00:00")), &states(&[true; 6]));
        assert_eq!(days_and_hours(&all), (vec![false, true, true, true, false], vec![]));
        let few = lists(period("01T22:20:00", Some("03T01:00:00")), &states(&[true; 6]));
        assert_eq!(days_and_hours(&few), (vec![true], vec![false, true, true]));
    }

    #[test]
    fn days_that_are_not_rolled_up_are_read_by_the_hour() {
        let some = lists(period("01T00:00:00", None), &states(&[true, false, true]));
        assert_eq!(days_and_hours(&some), (vec![true; 2], vec![true; 24]));
        let end = lists(period("02T00:00:00", Some("02T02:30:00")), &states(&[true, false, true]));
        assert_eq!(days_and_hours(&end), (vec![], vec![true, true, false]));
        assert!(lists(period("04T00:00:00", None), &states(&[true; 3])).is_empty());
    }
}
