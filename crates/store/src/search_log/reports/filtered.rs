//! Reports of searches whose contexts hold facts, from the rows of the period: roll-ups count all searches.
//!
//! Counts and sessions are exact.

use std::collections::HashMap;

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, SelectStatement};

use super::rows::{Votes, distinct_sessions, votes as votes_of, within};
use super::sums::{QueryCounts, RankBy, counted_rows, greatest_of};
use super::volume::{SearchCounts, ZERO_RESULTS};
use crate::batch::union_all;
use crate::failure::CallFailure;
use crate::search_log::facts::holds;
use crate::snapshot::ReadTransaction;
use crate::span::Span;
use crate::sums::total;
use quarry_domain::SearchFact;

/// Spans in one statement: SQLite allows a union of 500 selections, and each repeats the facts.
const STATEMENT_SPANS: usize = 50;

/// The queries with the greatest counts, greatest first.
pub(super) async fn greatest(
    snapshot: &ReadTransaction,
    period: Span,
    facts: &[SearchFact],
    by: RankBy,
    first: u64,
) -> Result<Vec<QueryCounts>, CallFailure> {
    let mut rows = counted_rows(&period);
    rows.cond_where(holds(snapshot.backend(), facts));
    greatest_of(snapshot, rows, by, first).await
}

/// The votes of all sessions of each query.
pub(super) async fn votes(
    snapshot: &ReadTransaction,
    period: Span,
    facts: &[SearchFact],
    queries: &[QueryCounts],
) -> Result<HashMap<String, Votes>, CallFailure> {
    let keys: Vec<&str> = queries.iter().map(|sums| sums.query_key.as_str()).collect();
    votes_of(snapshot, rows_holding(snapshot, period, facts), &keys).await
}

/// The counts and the distinct sessions of each span.
pub(super) async fn volume(
    snapshot: &ReadTransaction,
    spans: &[Span],
    facts: &[SearchFact],
) -> Result<Vec<(SearchCounts, i64)>, CallFailure> {
    let zero_results = total(snapshot.backend(), Expr::cust(ZERO_RESULTS));
    let sessions = distinct_sessions(snapshot.backend());
    let mut volumes = vec![(SearchCounts::default(), 0); spans.len()];
    let numbered: Vec<(i64, Span)> = (0..).zip(spans.iter().copied()).collect();
    for numbered in numbered.chunks(STATEMENT_SPANS) {
        let count = |(number, span): &(i64, Span)| {
            let mut select = rows_holding(snapshot, *span, facts);
            select.expr(Expr::value(*number)).expr(Expr::col(Asterisk).count());
            select.expr(zero_results.clone()).expr(sessions.clone());
            select
        };
        let counted: Vec<(i64, i64, Option<i64>, i64)> =
            snapshot.all(&union_all(numbered.iter().map(count)).unwrap_or_default()).await?;
        for (number, searches, zero_results, sessions) in counted {
            if let Some(volume) = volumes.get_mut(number as usize) {
                let counts = SearchCounts { searches, zero_results: zero_results.unwrap_or(0) };
                *volume = (counts, sessions);
            }
        }
    }
    Ok(volumes)
}

fn rows_holding(snapshot: &ReadTransaction, span: Span, facts: &[SearchFact]) -> SelectStatement {
    let mut select = within(span);
    select.cond_where(holds(snapshot.backend(), facts));
    select
}
