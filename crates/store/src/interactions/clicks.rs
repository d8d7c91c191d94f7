//! Interactions that quote searches of a query.

use quarry_runtime::boxed;
use std::collections::HashMap;

use chrono::TimeDelta;
use sea_orm::sea_query::{Alias, Condition, Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend};
use uuid::Uuid;

use super::super::batch::STATEMENT_IDS;
use super::super::entity::interactions::{Column, Entity};
use super::super::entity::search_logs;
use super::super::search_log::facts::holds;
use super::super::span::{DAY, Span};
use super::super::sums::total;
use super::super::{Store, StoreError};
use super::kind_name;
use quarry_domain::{
    ClickedDocument, DocumentId, InteractionKind, Period, QueryDigest, QueryInteractions, SearchFact,
};

/// The most by which the time of an interaction, which clients state, may precede that of its search.
const CLOCK_ERROR: TimeDelta = TimeDelta::days(7);

impl Store {
    /// The interactions that quote searches of queries in a period, whenever they occurred, without queries that have
    /// none.
    ///
    /// With facts, only those that quote logged searches with all facts.
    #[boxed]
    pub async fn query_interactions(
        &self,
        queries: &[QueryDigest],
        period: Period,
        facts: &[SearchFact],
    ) -> Result<HashMap<QueryDigest, QueryInteractions>, StoreError> {
        let (digests, period, facts) = (sorted(queries), Span::of(period), facts.to_vec());
        self.read(|database| async move {
            let backend = database.get_database_backend();
            let mut found: HashMap<QueryDigest, QueryInteractions> = HashMap::with_capacity(digests.len());
            for digests in digests.chunks(STATEMENT_IDS) {
                for row in database.query_all(&interactions_of(backend, digests, period, &facts)).await? {
                    let of_query = found.entry(QueryDigest(row.try_get_by_index(0)?)).or_default();
                    let kind: String = row.try_get_by_index(1)?;
                    let searches: i64 = row.try_get_by_index(2)?;
                    if kind == kind_name(InteractionKind::Click) {
                        of_query.clicked = searches;
                        of_query.positions = row.try_get_by_index::<Option<i64>>(3)?.unwrap_or_default();
                        of_query.positioned = row.try_get_by_index(4)?;
                    } else {
                        of_query.converted = searches;
                    }
                }
            }
            Ok(found)
        })
        .await
    }

    /// The documents that are clicked most after searches of a query with all facts; ties in order of their ids.
    #[boxed]
    pub async fn clicked_documents(
        &self,
        query: QueryDigest,
        period: Period,
        facts: &[SearchFact],
        first: u64,
    ) -> Result<Vec<ClickedDocument>, StoreError> {
        let (period, facts) = (Span::of(period), facts.to_vec());
        let rows = self
            .read(move |database| async move {
                let backend = database.get_database_backend();
                let select = clicked_documents_of(backend, query, period, &facts, first);
                let mut rows: Vec<(DocumentId, i64, Option<i64>, i64)> = Vec::new();
                for row in database.query_all(&select).await? {
                    let id: Uuid = row.try_get_by_index(0)?;
                    rows.push((
                        DocumentId(id),
                        row.try_get_by_index(1)?,
                        row.try_get_by_index(2)?,
                        row.try_get_by_index(3)?,
                    ));
                }
                Ok(rows)
            })
            .await?;
        let ids: Vec<DocumentId> = rows.iter().map(|(id, ..)| *id).collect();
        let mut documents = self.documents_by_id(&ids).await?;
        let row = |(id, clicks, positions, positioned): (DocumentId, i64, Option<i64>, i64)| {
            Some(ClickedDocument {
                // Deleted documents have no row.
                document: documents.remove(&id)?,
                clicks,
                average_position: mean(positions.unwrap_or_default(), positioned),
            })
        };
        Ok(rows.into_iter().filter_map(row).collect())
    }

    /// Returns true if any click refers to a search of a period.
    ///
    /// Otherwise, click rates are unknown.
    #[boxed]
    pub async fn clicks_are_recorded(&self, period: Period) -> Result<bool, StoreError> {
        self.read(|database| async move {
            let select = any_click(database.get_database_backend(), Span::of(period));
            Ok(database.query_one(&select).await?.is_some())
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

fn interactions_of(
    backend: DbBackend,
    digests: &[i64],
    period: Span,
    facts: &[SearchFact],
) -> SelectStatement {
    Query::select()
        .from(Entity)
        .and_where(Column::OccurredAt.gte(period.from - CLOCK_ERROR))
        .cond_where(of_searches_within(backend, period, facts))
        .columns([Column::QueryDigest, Column::Kind])
        .expr(Expr::col(Column::SearchId).count_distinct())
        .expr(total(backend, Expr::col(Column::Position)))
        .expr(Expr::col(Column::Position).count())
        .and_where(Column::QueryDigest.is_in(digests.iter().copied()))
        .group_by_columns([Column::QueryDigest, Column::Kind])
        .take()
}

fn clicked_documents_of(
    backend: DbBackend,
    query: QueryDigest,
    period: Span,
    facts: &[SearchFact],
    first: u64,
) -> SelectStatement {
    let clicks = Alias::new("clicks");
    let mut select = quoting_within(backend, period, facts);
    select
        .column(Column::DocumentId)
        .expr_as(Expr::col(Column::SearchId).count_distinct(), clicks.clone())
        .expr(total(backend, Expr::col(Column::Position)))
        .expr(Expr::col(Column::Position).count())
        .and_where(Column::QueryDigest.eq(query.0))
        .and_where(Column::Kind.eq(kind_name(InteractionKind::Click)))
        .group_by_col(Column::DocumentId)
        .order_by(clicks, Order::Desc)
        .order_by(Column::DocumentId, Order::Asc)
        .limit(first)
        .take()
}

/// Selects the interactions of a period.
fn quoting_within(backend: DbBackend, period: Span, facts: &[SearchFact]) -> SelectStatement {
    let mut select = Query::select();
    select.from(Entity).cond_where(period.contains(Column::OccurredAt));
    if !facts.is_empty() {
        select.and_where(Expr::exists(quoted_search().cond_where(holds(backend, facts)).take()));
    }
    select
}

/// Holds for interactions that quote a search of a period, which may precede them by days.
///
/// The log may not have the search, or not any more: then the time of the interaction stands for that of the search.
fn of_searches_within(backend: DbBackend, period: Span, facts: &[SearchFact]) -> Condition {
    let logged = quoted_search()
        .cond_where(period.contains(search_logs::Column::LastKeystrokeAt))
        .cond_where(holds(backend, facts))
        .take();
    let known = Condition::any().add(Expr::exists(logged));
    if !facts.is_empty() {
        return known;
    }
    let is_unknown = Expr::exists(quoted_search()).not();
    known.add(period.contains(Column::OccurredAt).add(is_unknown))
}

/// Selects the logged search that an interaction quotes.
fn quoted_search() -> SelectStatement {
    let id = Expr::col((search_logs::Entity, search_logs::Column::Id));
    Query::select()
        .expr(Expr::value(1))
        .from(search_logs::Entity)
        .and_where(id.eq(Expr::col((Entity, Column::SearchId))))
        .take()
}

/// The mean of values, if there are any.
fn mean(sum: i64, count: i64) -> Option<f64> {
    (count > 0).then(|| sum as f64 / count as f64)
}

fn any_click(backend: DbBackend, period: Span) -> SelectStatement {
    // Most clicks follow their search at once, so those of a day suffice.
    let before = period.before.map(|before| Column::SearchClickedAt.lt(before + DAY));
    Query::select()
        .from(Entity)
        .column(Column::SearchClickedAt)
        .and_where(Column::SearchClickedAt.gte(period.from - CLOCK_ERROR))
        .and_where_option(before)
        .cond_where(of_searches_within(backend, period, &[]))
        .limit(1)
        .take()
}
