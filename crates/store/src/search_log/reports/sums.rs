//! What queries come to in a period, added up by the database.

use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, DeriveIden, EnumIter, Iterable};

use super::super::rollups::MAX_RESULTS;
use super::parts::Parts;
use crate::entity::{search_logs, search_query_days as days, search_query_hours as hours};
use crate::failure::Failure;
use crate::snapshot::Snapshot;
use crate::span::{HOUR, Span};
use crate::sums::total;

/// Three days and nights.
const FEW_HOURS: usize = 72;

/// What is counted, and ranked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Searches,
    ZeroResults,
}

/// What a query comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) query_key: String,
    pub(super) searches: i64,
    pub(super) zero_results: i64,
    /// Searches whose number of results is known, and the sum of these.
    pub(super) counted: i64,
    pub(super) results: i64,
}

/// The columns of every part.
#[derive(Clone, Copy, EnumIter, DeriveIden)]
enum Column {
    QueryKey,
    Searches,
    ZeroResults,
    Counted,
    Results,
}

/// The queries with the greatest counts, greatest first, ties in order of their keys; of all, or of
/// some. Those with none are left out.
pub(super) async fn greatest(
    snapshot: &mut Snapshot,
    parts: &Parts,
    by: Count,
    keys: Option<&[&str]>,
    first: u64,
) -> Result<Vec<Sums>, Failure> {
    let Some(all) = union(parts, keys) else { return Ok(Vec::new()) };
    let backend = snapshot.backend();
    let rank = match by {
        Count::Searches => Column::Searches,
        Count::ZeroResults => Column::ZeroResults,
    };
    let sum = |column: Column| total(backend, Expr::col(column));
    let select = Query::select()
        .column(Column::QueryKey)
        .exprs([Column::Searches, Column::ZeroResults, Column::Counted, Column::Results].map(sum))
        .from_subquery(all, Alias::new("parts"))
        .group_by_col(Column::QueryKey)
        .and_having(sum(rank).gt(0))
        .order_by_expr(sum(rank), Order::Desc)
        .order_by(Column::QueryKey, Order::Asc)
        .limit(first)
        .take();
    let rows: Vec<(String, i64, i64, i64, i64)> = snapshot.all(&select).await?;
    let sums = rows.into_iter().map(|(query_key, searches, zero_results, counted, results)| Sums {
        query_key,
        searches,
        zero_results,
        counted,
        results,
    });
    Ok(sums.collect())
}

/// How many selections a period's sums are made of, each of which names the queries.
pub(super) fn selections(parts: &Parts) -> usize {
    usize::from(!parts.days.is_empty()) + usize::from(!parts.hours.is_empty()) + parts.rows.len()
}

fn union(parts: &Parts, keys: Option<&[&str]>) -> Option<SelectStatement> {
    let mut all = Vec::new();
    if !parts.days.is_empty() {
        let columns = Query::select().columns(Column::iter()).from(days::Entity).take();
        all.push((columns, in_days(&parts.days)));
    }
    if !parts.hours.is_empty() {
        let columns = Query::select().columns(Column::iter()).from(hours::Entity).take();
        all.push((columns, in_hours(&parts.hours)));
    }
    all.extend(parts.rows.iter().map(|span| (rows(span), Condition::all())));
    let mut all = all.into_iter().map(|(mut select, condition)| {
        select.cond_where(condition);
        if let Some(keys) = keys {
            select.and_where(Expr::col(Column::QueryKey).is_in(keys.iter().copied()));
        }
        select
    });
    let mut first = all.next()?;
    for other in all {
        first.union(UnionType::All, other);
    }
    Some(first)
}

/// The days in these spans.
pub(super) fn in_days(spans: &[Span]) -> Condition {
    in_spans(days::Column::Day, spans)
}

/// The hours in these spans; one by one if they are few, since each is a step into the index, from
/// which queries can be picked.
pub(super) fn in_hours(spans: &[Span]) -> Condition {
    let mut hours = Vec::new();
    for span in spans {
        let Some(before) = span.before else { return in_spans(hours::Column::Hour, spans) };
        let mut hour = span.from;
        while hour < before {
            if hours.len() == FEW_HOURS {
                return in_spans(hours::Column::Hour, spans);
            }
            hours.push(hour);
            hour += HOUR;
        }
    }
    Condition::all().add(hours::Column::Hour.is_in(hours))
}

fn in_spans(column: impl ColumnTrait, spans: &[Span]) -> Condition {
    let mut any = Condition::any();
    for span in spans {
        let before = span.before.map(|before| column.lt(before));
        any = any.add(Condition::all().add(column.gte(span.from)).add_option(before));
    }
    any
}

/// Each search as the roll-ups count it.
fn rows(span: &Span) -> SelectStatement {
    let mut select = Query::select();
    select
        .column(Column::QueryKey)
        .expr_as(Expr::cust("1"), Column::Searches)
        .expr_as(Expr::cust("CASE WHEN result_count = 0 THEN 1 ELSE 0 END"), Column::ZeroResults)
        .expr_as(Expr::cust("CASE WHEN result_count IS NULL THEN 0 ELSE 1 END"), Column::Counted)
        .expr_as(
            Expr::cust(format!(
                "CASE WHEN result_count > {MAX_RESULTS} THEN {MAX_RESULTS} WHEN result_count > 0 \
                 THEN result_count ELSE 0 END"
            )),
            Column::Results,
        )
        .from(search_logs::Entity)
        .and_where(search_logs::Column::LastKeystrokeAt.gte(span.from));
    if let Some(before) = span.before {
        select.and_where(search_logs::Column::LastKeystrokeAt.lt(before));
    }
    select
}
