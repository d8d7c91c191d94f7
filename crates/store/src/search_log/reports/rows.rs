//! Data that only the rows of the log have: spellings and sessions.
//!
//! Each session has one vote for the spelling of a query, so that no visitor alone determines it.

use std::collections::HashMap;

use sea_orm::sea_query::{
    Alias, Asterisk, Expr, ExprTrait, Func, Order, OverStatement, Query, SelectStatement, WindowStatement,
};
use sea_orm::{ColumnTrait, DbBackend};

use crate::StoredTime;
use crate::batch::union_all;
use crate::entity::search_logs::{Column, Entity};
use crate::failure::CallFailure;
use crate::snapshot::ReadTransaction;
use crate::span::Span;

/// The expression whose sum is the number of searches without results.
pub(super) const ZERO_RESULTS: &str = "CASE WHEN result_count = 0 THEN 1 ELSE 0 END";
/// The latest rows of a query with many searches whose sessions vote.
const SAMPLE: u64 = 256;
/// The same if few sessions made these.
const LARGE_SAMPLE: u64 = 4_096;
/// The fewest sessions of a sample.
const MIN_VOTES: i64 = 8;
/// Queries in one statement: SQLite allows a union of 500 selections.
const STATEMENT_QUERIES: usize = 100;

/// The sessions of a query and their spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Votes {
    /// The spelling of most sessions; of several, the latest one.
    pub(super) query: String,
    /// The time of the latest search.
    pub(super) last_searched_at: StoredTime,
    /// The number of sessions.
    pub(super) sessions: i64,
    /// The votes for the spelling, and the time of the latest one.
    leading: (i64, StoredTime),
}

/// A row of the statements below: query key, spelling, sessions, latest search.
type SpellingCount = (String, String, i64, StoredTime);

/// The votes of all sessions of each query in rows, for queries with few searches.
pub(super) async fn votes(
    snapshot: &ReadTransaction,
    mut rows: SelectStatement,
    keys: &[&str],
) -> Result<HashMap<String, Votes>, CallFailure> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    rows.columns([Column::QueryKey, Column::SessionId, Column::Query, Column::LastKeystrokeAt])
        .and_where(Column::QueryKey.is_in(keys.iter().copied()));
    Ok(counted(snapshot.all(&tallies(snapshot.backend(), rows)).await?))
}

/// The votes of sessions that made the latest searches of each query, for queries with many searches.
pub(super) async fn sampled_votes(
    snapshot: &ReadTransaction,
    period: Span,
    keys: &[&str],
) -> Result<HashMap<String, Votes>, CallFailure> {
    let mut votes = sample(snapshot, period, keys, SAMPLE).await?;
    let is_small = |key: &&&str| votes.get(**key).is_none_or(|votes| votes.sessions < MIN_VOTES);
    let small: Vec<&str> = keys.iter().filter(is_small).copied().collect();
    votes.extend(sample(snapshot, period, &small, LARGE_SAMPLE).await?);
    Ok(votes)
}

async fn sample(
    snapshot: &ReadTransaction,
    period: Span,
    keys: &[&str],
    size: u64,
) -> Result<HashMap<String, Votes>, CallFailure> {
    let latest_of = |key: &&str| {
        let rows = within(period)
            .columns([Column::QueryKey, Column::SessionId, Column::Query, Column::LastKeystrokeAt])
            .and_where(Column::QueryKey.eq(*key))
            .order_by(Column::LastKeystrokeAt, Order::Desc)
            .order_by(Column::Id, Order::Desc)
            .limit(size)
            .take();
        let latest = Query::select().column(Asterisk).from_subquery(rows, Alias::new("latest")).take();
        tallies(snapshot.backend(), latest)
    };
    let mut votes = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(STATEMENT_QUERIES) {
        let Some(select) = union_all(keys.iter().map(latest_of)) else { continue };
        votes.extend(counted(snapshot.all(&select).await?));
    }
    Ok(votes)
}

/// Selects the number of sessions by query and spelling: each session counts for the spelling that it used most, of
/// several for the greatest one, which has the fewest capitals.
fn tallies(backend: DbBackend, rows: SelectStatement) -> SelectStatement {
    let (uses, rank) = (Alias::new("uses"), Alias::new("preference"));
    // MariaDB would take the name of a column within a window for this one.
    let searched_at = Alias::new("searched_at");
    let spelling = || match backend {
        // The order of bytes is faster than that of a language.
        DbBackend::Postgres => Expr::cust("query COLLATE \"C\""),
        _ => Expr::col(Column::Query),
    };
    let by_spelling = Query::select()
        .columns([Column::QueryKey, Column::SessionId, Column::Query])
        .expr_as(Expr::col(Asterisk).count(), uses.clone())
        .expr_as(Expr::col(Column::LastKeystrokeAt).max(), Column::LastKeystrokeAt)
        .from_subquery(rows, Alias::new("searches"))
        .group_by_columns([Column::QueryKey, Column::SessionId, Column::Query])
        .take();
    let of_session = WindowStatement::new()
        .partition_by(Column::QueryKey)
        .partition_by(Column::SessionId)
        .order_by(uses, Order::Desc)
        .order_by_expr(spelling(), Order::Desc)
        .take();
    let latest = WindowStatement::new().partition_by(Column::QueryKey).partition_by(Column::SessionId).take();
    let ranked = Query::select()
        .columns([Column::QueryKey, Column::Query])
        .expr_window_as(Expr::col(Column::LastKeystrokeAt).max(), latest, searched_at.clone())
        .expr_window_as(Func::cust("ROW_NUMBER"), of_session, rank.clone())
        .from_subquery(by_spelling, Alias::new("spellings"))
        .take();
    Query::select()
        .columns([Column::QueryKey, Column::Query])
        .expr(Expr::col(Asterisk).count())
        .expr(Expr::col(searched_at).max())
        .from_subquery(ranked, Alias::new("votes"))
        .and_where(Expr::col(rank).eq(1))
        .group_by_columns([Column::QueryKey, Column::Query])
        .take()
}

fn counted(tallies: Vec<SpellingCount>) -> HashMap<String, Votes> {
    let mut votes: HashMap<String, Votes> = HashMap::new();
    for (key, query, sessions, at) in tallies {
        let leading = (sessions, at);
        match votes.get_mut(&key) {
            None => {
                votes.insert(key, Votes { query, last_searched_at: at, sessions, leading });
            }
            Some(of_query) => {
                of_query.sessions += sessions;
                of_query.last_searched_at = Ord::max(of_query.last_searched_at, at);
                if (leading, &query) > (of_query.leading, &of_query.query) {
                    (of_query.leading, of_query.query) = (leading, query);
                }
            }
        }
    }
    votes
}

/// Selects from the rows of a period.
pub(super) fn within(span: Span) -> SelectStatement {
    Query::select().from(Entity).cond_where(span.contains(Column::LastKeystrokeAt)).take()
}

/// The expression that counts distinct sessions.
pub(super) fn distinct_sessions(backend: DbBackend) -> Expr {
    match backend {
        // The sign prevents SQLite from reading all sessions in order instead of those of the period.
        DbBackend::Sqlite => Expr::cust("COUNT(DISTINCT +session_id)"),
        _ => Expr::col(Column::SessionId).count_distinct(),
    }
}
