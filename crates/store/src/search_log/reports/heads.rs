//! The heads of lists that make up a period: the greatest queries of a day or of an hour, by index.

use sea_orm::sea_query::{Alias, Expr, IntoIden, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, EntityTrait};

use super::parts::DayState;
use super::ranking::Head;
use super::sums::Count;
use crate::StoredTime;
use crate::entity::{search_query_days as days, search_query_hours as hours};
use crate::failure::Failure;
use crate::snapshot::Snapshot;
use crate::span::{DAY, HOUR, Span};

/// Lists in one statement: SQLite takes a union of 500.
const STATEMENT_LISTS: usize = 100;
/// With so many whole days, it does not matter that the days at the two ends count in full at
/// first; with fewer, these are read by the hour.
const ENOUGH_DAYS: usize = 3;

/// All queries of a day or of an hour, by their counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct List {
    stretch: Stretch,
    /// It lies within the period.
    pub(super) within: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stretch {
    Day(StoredTime),
    Hour(StoredTime),
}

/// Lists that together hold all that is in a period.
pub(super) fn lists(period: Span, states: &[DayState]) -> Vec<List> {
    let within = |from: StoredTime, end: StoredTime| {
        from >= period.from && period.before.is_none_or(|before| end <= before)
    };
    let outside = |from: StoredTime, end: StoredTime| {
        end <= period.from || period.before.is_some_and(|before| from >= before)
    };
    let whole = |state: &DayState| state.rolled && within(state.day, state.day + DAY);
    let enough = states.iter().filter(|state| whole(state)).count() >= ENOUGH_DAYS;
    let mut lists = Vec::new();
    for state in states {
        let (from, end) = (state.day, state.day + DAY);
        if outside(from, end) {
            continue;
        }
        if whole(state) || (state.rolled && enough) {
            lists.push(List { stretch: Stretch::Day(from), within: whole(state) });
            continue;
        }
        let all = std::iter::successors(Some(from), |hour| Some(*hour + HOUR)).take_while(|hour| *hour < end);
        for hour in all.filter(|hour| !outside(*hour, *hour + HOUR)) {
            lists.push(List { stretch: Stretch::Hour(hour), within: within(hour, hour + HOUR) });
        }
    }
    lists
}

/// The first `depth` queries of each list.
pub(super) async fn read(
    snapshot: &mut Snapshot,
    lists: &[List],
    by: Count,
    depth: u64,
) -> Result<Vec<Head>, Failure> {
    let mut heads: Vec<Head> =
        lists.iter().map(|list| Head { within: list.within, ..Head::default() }).collect();
    let numbered: Vec<(i64, &List)> = (0..).zip(lists).collect();
    for lists in numbered.chunks(STATEMENT_LISTS) {
        let mut all = lists.iter().map(|(number, list)| head(*number, list, by, depth));
        let Some(mut select) = all.next() else { continue };
        select.unions(all.map(|other| (UnionType::All, other)));
        let rows: Vec<(i64, String, i64)> = snapshot.all(&select).await?;
        for (number, query_key, count) in rows {
            heads[number as usize].queries.push((query_key, count));
        }
    }
    for head in &mut heads {
        let least = head.queries.iter().map(|(_, count)| *count).min();
        head.rest = if head.queries.len() as u64 == depth { least.unwrap_or(0) } else { 0 };
    }
    Ok(heads)
}

fn head(number: i64, list: &List, by: Count, depth: u64) -> SelectStatement {
    let select = match list.stretch {
        Stretch::Day(day) => {
            let count = match by {
                Count::Searches => days::Column::Searches,
                Count::ZeroResults => days::Column::ZeroResults,
            };
            greatest(days::Entity, days::Column::QueryKey, days::Column::Day.eq(day), count, depth)
        }
        Stretch::Hour(hour) => {
            let count = match by {
                Count::Searches => hours::Column::Searches,
                Count::ZeroResults => hours::Column::ZeroResults,
            };
            greatest(hours::Entity, hours::Column::QueryKey, hours::Column::Hour.eq(hour), count, depth)
        }
    };
    // A union takes no part that is ordered itself.
    Query::select()
        .expr(Expr::value(number))
        .columns([Alias::new("query_key"), Alias::new("count")])
        .from_subquery(select, Alias::new("head"))
        .take()
}

fn greatest<C: ColumnTrait + IntoIden>(
    table: impl EntityTrait,
    query_key: C,
    stretch: Expr,
    count: C,
    depth: u64,
) -> SelectStatement {
    Query::select()
        .column(query_key)
        .expr_as(Expr::col(count), Alias::new("count"))
        .from(table)
        .and_where(stretch)
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

    fn days_and_hours(lists: &[List]) -> (Vec<bool>, Vec<bool>) {
        let (days, hours): (Vec<&List>, Vec<&List>) =
            lists.iter().partition(|list| matches!(list.stretch, Stretch::Day(_)));
        let within = |lists: Vec<&List>| lists.into_iter().map(|list| list.within).collect();
        (within(days), within(hours))
    }

    #[test]
    fn days_at_the_ends_count_in_full_where_there_are_enough_others() {
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
