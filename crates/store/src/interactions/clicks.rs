//! Which searches were clicked: answers that a click quotes.

use quarry_runtime::boxed;
use std::collections::HashMap;

use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait};

use super::super::batch::IDS;
use super::super::entity::interactions::{Column, Entity};
use super::super::failure::Failure;
use super::super::plans::explain;
use super::super::span::Span;
use super::super::{Store, StoreError};
use quarry_domain::{Period, QueryDigest};

impl Store {
    /// How many answers to each of these queries were clicked in a period, however often each was;
    /// queries without any are left out.
    #[boxed]
    pub async fn clicked_searches(
        &self,
        queries: &[QueryDigest],
        period: Period,
    ) -> Result<HashMap<QueryDigest, i64>, StoreError> {
        let (digests, period) = (sorted(queries), Span::of(period));
        self.read(|database| async move {
            let mut clicked = HashMap::with_capacity(digests.len());
            for digests in digests.chunks(IDS) {
                for row in database.query_all(&clicks_of(digests, period)).await? {
                    let digest: i64 = row.try_get_by_index(0)?;
                    clicked.insert(QueryDigest(digest), row.try_get_by_index(1)?);
                }
            }
            Ok(clicked)
        })
        .await
    }

    /// Whether any click of a period quotes a search: without one, it is not known what was clicked.
    #[boxed]
    pub async fn clicks_are_recorded(&self, period: Period) -> Result<bool, StoreError> {
        let select = any_click(Span::of(period));
        self.read(|database| async move { Ok(database.query_one(&select).await?.is_some()) }).await
    }

    /// How the database goes about [`Store::clicked_searches`] and [`Store::clicks_are_recorded`].
    /// It may quote what is read, so it is not to be logged.
    #[boxed]
    pub async fn clicked_searches_plans(
        &self,
        queries: &[QueryDigest],
        period: Period,
    ) -> Result<[String; 2], StoreError> {
        let (digests, period) = (sorted(queries), Span::of(period));
        let backend = self.backend();
        self.read(move |database| async move {
            let clicked = explain(&database, backend.build(&clicks_of(&digests, period))).await?;
            let any = explain(&database, backend.build(&any_click(period))).await?;
            Ok::<_, Failure>([clicked, any])
        })
        .await
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
