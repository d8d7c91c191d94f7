//! Data that only the rows of the log have: spellings and sessions.

use std::collections::HashMap;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, DbBackend};

use crate::StoredTime;
use crate::batch::union_all;
use crate::entity::search_logs::{Column, Entity};
use crate::failure::CallFailure;
use crate::snapshot::ReadTransaction;
use crate::span::Span;

/// The spelling and time of the latest search of each query in a period.
pub(super) async fn latest(
    snapshot: &ReadTransaction,
    period: Span,
    keys: &[&str],
) -> Result<HashMap<String, (String, StoredTime)>, CallFailure> {
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
    let Some(select) = union_all(keys.iter().map(latest_of)) else { return Ok(HashMap::new()) };
    let rows: Vec<(String, String, StoredTime)> = snapshot.all(&select).await?;
    Ok(rows.into_iter().map(|(key, query, at)| (key, (query, at))).collect())
}

/// The number of distinct sessions of each query in a period.
pub(super) async fn sessions(
    snapshot: &ReadTransaction,
    period: Span,
    keys: &[&str],
) -> Result<HashMap<String, i64>, CallFailure> {
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

/// Selects from the rows of a period.
pub(super) fn within(span: Span) -> SelectStatement {
    let mut select = Query::select();
    select.from(Entity).and_where(Column::LastKeystrokeAt.gte(span.from));
    if let Some(before) = span.before {
        select.and_where(Column::LastKeystrokeAt.lt(before));
    }
    select
}

/// The expression that counts distinct sessions.
pub(super) fn distinct_sessions(backend: DbBackend) -> Expr {
    match backend {
        // The sign prevents SQLite from reading all sessions in order instead of those of the period.
        DbBackend::Sqlite => Expr::cust("COUNT(DISTINCT +session_id)"),
        _ => Expr::col(Column::SessionId).count_distinct(),
    }
}
