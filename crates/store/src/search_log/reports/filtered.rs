//! Reports of searches whose contexts hold facts, from the rows of the period: roll-ups count all searches.
//!
//! Counts and sessions are exact.

use std::collections::HashMap;

use sea_orm::sea_query::SelectStatement;

use super::rows::{Votes, votes as votes_of, within};
use super::sums::{QueryCounts, RankBy, counted_rows, greatest_of};
use crate::failure::CallFailure;
use crate::search_log::facts::holds;
use crate::snapshot::ReadTransaction;
use crate::span::Span;
use quarry_domain::SearchFact;

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

/// Selects from the rows of a period whose contexts hold facts.
pub(super) fn rows_holding(snapshot: &ReadTransaction, span: Span, facts: &[SearchFact]) -> SelectStatement {
    let mut select = within(span);
    select.cond_where(holds(snapshot.backend(), facts));
    select
}
