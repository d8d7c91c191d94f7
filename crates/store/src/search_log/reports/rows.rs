//! What only the rows of the log know: spellings, and whose searches they were.

use std::collections::HashMap;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, DbBackend};

use crate::StoredTime;
use crate::entity::search_logs::{Column, Entity};
use crate::failure::Failure;
use crate::snapshot::Snapshot;
use crate::span::Span;

/// The latest search of each query in a period: how it was spelled, and when it was.
pub(super) async fn latest(
    snapshot: &mut Snapshot,
    period: Span,
    keys: &[&str],
) -> Result<HashMap<String, (String, StoredTime)>, Failure> {
    let latest_of = |key: &&str| {
        let of_query = within(period)
            .columns([Column::QueryKey, Column::Query, Column::LastKeystrokeAt])
            .and_where(Column::QueryKey.eq(*key))
            .order_by(Column::LastKeystrokeAt, Order::Desc)
            .order_by(Column::Id, Order::Desc)
            .limit(1)
            .take();
        Query::select()
            .columns([Column::QueryKey, Column::Query, Column::LastKeystrokeAt])
            .from_subquery(of_query, Alias::new("latest"))
            .take()
    };
    let mut all = keys.iter().map(latest_of);
    let Some(mut select) = all.next() else { return Ok(HashMap::new()) };
    select.unions(all.map(|other| (UnionType::All, other)));
    let rows: Vec<(String, String, StoredTime)> = snapshot.all(&select).await?;
    Ok(rows.into_iter().map(|(key, query, at)| (key, (query, at))).collect())
}

/// How many distinct sessions searched for each query in a period.
pub(super) async fn sessions(
    snapshot: &mut Snapshot,
    period: Span,
    keys: &[&str],
) -> Result<HashMap<String, i64>, Failure> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let select = within(period)
        .column(Column::QueryKey)
        .expr(distinct_sessions(snapshot.backend()))
        .and_where(Column::QueryKey.is_in(keys.iter().copied()))
        .group_by_col(Column::QueryKey)
        .take();
    let rows: Vec<(String, i64)> = snapshot.all(&select).await?;
    Ok(rows.into_iter().collect())
}

/// The rows of a stretch of time.
pub(super) fn within(span: Span) -> SelectStatement {
    let mut select = Query::select();
    select.from(Entity).and_where(Column::LastKeystrokeAt.gte(span.from));
    if let Some(before) = span.before {
        select.and_where(Column::LastKeystrokeAt.lt(before));
    }
    select
}

/// How many distinct sessions there are.
pub(super) fn distinct_sessions(backend: DbBackend) -> Expr {
    match backend {
        // Else it would rather read all sessions in order than those of the time that is asked for.
        DbBackend::Sqlite => Expr::cust("COUNT(DISTINCT +session_id)"),
        _ => Expr::col(Column::SessionId).count_distinct(),
    }
}
