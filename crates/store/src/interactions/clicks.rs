//! Clicked searches: responses that a click refers to.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait};

use super::super::batch::STATEMENT_IDS;
use super::super::entity::interactions::{Column, Entity};
use super::super::span::Span;
use super::super::{Store, StoreError};
use quarry_domain::{Period, QueryDigest};

impl Store {
    /// The number of responses to each query that were clicked in a period.
    ///
    /// Queries without clicks are absent.
    #[boxed]
    pub async fn clicked_searches(
        &self,
        queries: &[QueryDigest],
        period: Period,
    ) -> Result<HashMap<QueryDigest, i64>, StoreError> {
        let (digests, period) = (sorted(queries), Span::of(period));
        self.read(|database| async move {
            let mut clicked = HashMap::with_capacity(digests.len());
            for digests in digests.chunks(STATEMENT_IDS) {
                for row in database.query_all(&clicks_of(digests, period)).await? {
                    let digest: i64 = row.try_get_by_index(0)?;
                    clicked.insert(QueryDigest(digest), row.try_get_by_index(1)?);
                }
            }
            Ok(clicked)
        })
        .await
    }

    /// Returns true if any click of a period refers to a search.
    ///
    /// Otherwise, click rates are unknown.
    #[boxed]
    pub async fn clicks_are_recorded(&self, period: Period) -> Result<bool, StoreError> {
        let select = any_click(Span::of(period));
        self.read(|database| async move { Ok(database.query_one(&select).await?.is_some()) }).await
    }
}

fn sorted(queries: &[QueryDigest]) -> Vec<i64> {
    let mut digests: Vec<i64> = queries.iter().map(|query| query.0).collect();
    digests.sort_unstable();
    digests.dedup();
    digests
}

fn clicks_of(digests: &[i64], period: Span) -> SelectStatement {
    let mut select = clicks_within(period);
    select
        .column(Column::QueryDigest)
        .expr(Expr::col(Column::SearchId).count_distinct())
        .and_where(Column::QueryDigest.is_in(digests.iter().copied()))
        .group_by_col(Column::QueryDigest)
        .take()
}

fn any_click(period: Span) -> SelectStatement {
    clicks_within(period).column(Column::SearchClickedAt).limit(1).take()
}

fn clicks_within(period: Span) -> SelectStatement {
    let before = period.before.map(|before| Column::SearchClickedAt.lt(before));
    let mut select = Query::select();
    select.from(Entity).and_where(Column::SearchClickedAt.gte(period.from)).and_where_option(before).take()
}
