//! Sums of the counts of queries over the parts of a period.

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, DeriveIden, EnumIter, Iterable};

use super::super::rollups::MAX_RESULTS;
use super::parts::PeriodParts;
use super::rows::{ZERO_RESULTS, within};
use crate::batch::union_all;
use crate::entity::{search_query_days as days, search_query_hours as hours};
use crate::failure::CallFailure;
use crate::snapshot::ReadTransaction;
use crate::span::{HOUR, Span};
use crate::sums::total;

/// The largest number of hours to list one by one in a condition.
const MAX_LISTED_HOURS: usize = 72;

/// The count that a report ranks by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RankBy {
    Searches,
    ZeroResults,
    /// Searches without results, and relaxed ones.
    Unmatched,
}

/// The counts of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueryCounts {
    pub(super) query_key: String,
    pub(super) searches: i64,
    pub(super) zero_results: i64,
    /// The number of searches without results, and of relaxed ones.
    pub(super) unmatched: i64,
    /// The number of searches with a known number of results.
    pub(super) counted: i64,
    /// The sum of the known numbers of results.
    pub(super) results: i64,
}

/// The columns of each part.
#[derive(Clone, Copy, EnumIter, DeriveIden)]
enum Column {
    QueryKey,
    Searches,
    ZeroResults,
    Unmatched,
    Counted,
    Results,
}

/// The columns to sum.
const SUMS: [Column; 5] =
    [Column::Searches, Column::ZeroResults, Column::Unmatched, Column::Counted, Column::Results];

/// The queries with the greatest counts, of all or of given keys, without zero counts.
///
/// Greatest first, ties in order of their keys.
pub(super) async fn greatest(
    snapshot: &ReadTransaction,
    parts: &PeriodParts,
    by: RankBy,
    keys: Option<&[&str]>,
    first: u64,
) -> Result<Vec<QueryCounts>, CallFailure> {
    match union(parts, keys) {
        Some(all) => greatest_of(snapshot, all, by, first).await,
        None => Ok(Vec::new()),
    }
}

/// The queries with the greatest counts in a selection of these columns.
pub(super) async fn greatest_of(
    snapshot: &ReadTransaction,
    all: SelectStatement,
    by: RankBy,
    first: u64,
) -> Result<Vec<QueryCounts>, CallFailure> {
    let backend = snapshot.backend();
    let rank = match by {
        RankBy::Searches => Column::Searches,
        RankBy::ZeroResults => Column::ZeroResults,
        RankBy::Unmatched => Column::Unmatched,
    };
    let sum = |column: Column| total(backend, Expr::col(column));
    let select = Query::select()
        .column(Column::QueryKey)
        .exprs(SUMS.map(sum))
        .from_subquery(all, Alias::new("parts"))
        .group_by_col(Column::QueryKey)
        .and_having(sum(rank).gt(0))
        .order_by_expr(sum(rank), Order::Desc)
        .order_by(Column::QueryKey, Order::Asc)
        .limit(first)
        .take();
    let rows: Vec<(String, i64, i64, i64, i64, i64)> = snapshot.all(&select).await?;
    let sums = rows.into_iter().map(|(query_key, searches, zero_results, unmatched, counted, results)| {
        QueryCounts { query_key, searches, zero_results, unmatched, counted, results }
    });
    Ok(sums.collect())
}

/// The number of selections in the statement, each of which lists the keys.
pub(super) fn selections(parts: &PeriodParts) -> usize {
    usize::from(!parts.days.is_empty()) + usize::from(!parts.hours.is_empty()) + parts.rows.len()
}

fn union(parts: &PeriodParts, keys: Option<&[&str]>) -> Option<SelectStatement> {
    let mut all = Vec::new();
    if !parts.days.is_empty() {
        let columns = Query::select().columns(Column::iter()).from(days::Entity).take();
        all.push((columns, in_days(&parts.days)));
    }
    if !parts.hours.is_empty() {
        let columns = Query::select().columns(Column::iter()).from(hours::Entity).take();
        all.push((columns, in_hours(&parts.hours)));
    }
    all.extend(parts.rows.iter().map(|span| (counted_rows(span), Condition::all())));
    union_all(all.into_iter().map(|(mut select, condition)| {
        select.cond_where(condition);
        if let Some(keys) = keys {
            select.and_where(Expr::col(Column::QueryKey).is_in(keys.iter().copied()));
        }
        select
    }))
}

/// The condition for days in spans.
pub(super) fn in_days(spans: &[Span]) -> Condition {
    in_spans(days::Column::Day, spans)
}

/// The condition for hours in spans.
///
/// Few hours are listed one by one, so that each is an index lookup by hour and query.
pub(super) fn in_hours(spans: &[Span]) -> Condition {
    let mut hours = Vec::new();
    for span in spans {
        let Some(before) = span.before else { return in_spans(hours::Column::Hour, spans) };
        let mut hour = span.from;
        while hour < before {
            if hours.len() == MAX_LISTED_HOURS {
                return in_spans(hours::Column::Hour, spans);
            }
            hours.push(hour);
            hour += HOUR;
        }
    }
    Condition::all().add(hours::Column::Hour.is_in(hours))
}

fn in_spans(column: impl ColumnTrait, spans: &[Span]) -> Condition {
    spans.iter().fold(Condition::any(), |any, span| any.add(span.contains(column)))
}

/// Selects the rows of a span with the columns of roll-ups.
pub(super) fn counted_rows(span: &Span) -> SelectStatement {
    let mut select = within(*span);
    select
        .column(Column::QueryKey)
        .expr_as(Expr::cust("1"), Column::Searches)
        .expr_as(Expr::cust(ZERO_RESULTS), Column::ZeroResults)
        .expr_as(Expr::cust("CASE WHEN result_count = 0 OR relaxed THEN 1 ELSE 0 END"), Column::Unmatched)
        .expr_as(Expr::cust("CASE WHEN result_count IS NULL THEN 0 ELSE 1 END"), Column::Counted)
        .expr_as(
            Expr::cust(format!(
                "CASE WHEN result_count > {MAX_RESULTS} THEN {MAX_RESULTS} WHEN result_count > 0 \
                 THEN result_count ELSE 0 END"
            )),
            Column::Results,
        );
    select
}
