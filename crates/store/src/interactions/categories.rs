//! Reports of clicks and sales by the present category of documents.
//!
//! Each report is one statement, so it shows one state of the database. Deleted documents do not count.

use quarry_runtime::boxed;
use std::cmp::Reverse;

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DeriveIden, QueryResult};

use super::super::documents::{add_columns, document};
use super::super::entity::{documents, interactions};
use super::super::failure::CallFailure;
use super::super::span::Span;
use super::super::sums::{self, integer};
use super::super::{Store, StoreError};
use super::kind_name;
use quarry_domain::{CategoryReport, CategoryTotal, InteractionKind, Period, SourceName};

/// The index of the quantity in a row of a report, after the document's columns.
const QUANTITY: usize = 12;
const TOTAL: usize = 13;

/// Names of subqueries and columns within a statement.
#[derive(Clone, Copy, DeriveIden)]
enum ReportIden {
    PeriodParts,
    Summed,
    Ranked,
    Document,
    Category,
    Documents,
    Quantity,
    Total,
    Rank,
}

/// The interactions and documents of a report.
#[derive(Clone, Debug)]
struct ReportScope {
    /// One category, or all.
    category: Option<String>,
    /// One source, or all.
    source: Option<String>,
    kind: InteractionKind,
    period: Span,
}

impl ReportScope {
    fn of(
        category: Option<&str>,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: Period,
    ) -> Self {
        Self {
            category: category.map(str::to_owned),
            source: source.map(|source| source.as_str().to_owned()),
            kind,
            period: Span::of(period),
        }
    }
}

impl Store {
    /// The documents of a category with the greatest quantities, and the total of all.
    ///
    /// Greatest first, ties by key, then by source.
    #[boxed]
    pub async fn category_report(
        &self,
        name: &str,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: Period,
        first: u64,
    ) -> Result<CategoryReport, StoreError> {
        let select = report(self.backend(), &ReportScope::of(Some(name), source, kind, period), first);
        self.read(|database| async move {
            let mut report = CategoryReport::default();
            for row in database.query_all(&select).await? {
                report.total_quantity = row.try_get_by_index(TOTAL)?;
                report.rows.push((document(&row, 0)?, row.try_get_by_index(QUANTITY)?));
            }
            Ok(report)
        })
        .await
    }

    /// All categories that have documents, greatest quantity first, ties by name.
    #[boxed]
    pub async fn category_totals(
        &self,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: Period,
    ) -> Result<Vec<CategoryTotal>, StoreError> {
        let select = totals(self.backend(), &ReportScope::of(None, source, kind, period));
        let rows = self.read(|database| async move { Ok(database.query_all(&select).await?) }).await?;
        let mut totals = rows.iter().map(total).collect::<Result<Vec<_>, CallFailure>>()?;
        totals.sort_by(|a, b| (Reverse(a.quantity), &a.name).cmp(&(Reverse(b.quantity), &b.name)));
        Ok(totals)
    }
}

fn total(row: &QueryResult) -> Result<CategoryTotal, CallFailure> {
    Ok(CategoryTotal {
        name: row.try_get_by_index(0)?,
        documents: row.try_get_by_index(1)?,
        quantity: row.try_get_by_index(2)?,
    })
}

/// Selects the documents with the greatest quantities, each with its own and that of all.
fn report(backend: DbBackend, scope: &ReportScope, first: u64) -> SelectStatement {
    let summed = quantities(backend, scope, documents::Column::Id, ReportIden::Document);
    // Ranking comes before the join: documents lie on many pages, and only the first are needed.
    let ranked = Query::select()
        .columns([ReportIden::Document, ReportIden::Quantity])
        .expr_as(integer(backend, Expr::cust("SUM(quantity) OVER ()")), ReportIden::Total)
        .expr_as(Expr::cust("RANK() OVER (ORDER BY quantity DESC)"), ReportIden::Rank)
        .from_subquery(summed, ReportIden::Summed)
        .take();
    let mut select = Query::select();
    add_columns(&mut select);
    let of_document = Expr::col((documents::Entity, documents::Column::Id))
        .equals((ReportIden::Ranked, ReportIden::Document));
    select
        .columns([(ReportIden::Ranked, ReportIden::Quantity), (ReportIden::Ranked, ReportIden::Total)])
        .from_subquery(ranked, ReportIden::Ranked)
        .inner_join(documents::Entity, of_document)
        .and_where(Expr::col((ReportIden::Ranked, ReportIden::Rank)).lte(first))
        .order_by((ReportIden::Ranked, ReportIden::Quantity), Order::Desc)
        .order_by_expr(by_bytes(backend, "key"), Order::Asc)
        .order_by_expr(by_bytes(backend, "source"), Order::Asc)
        .limit(first);
    select.take()
}

/// Selects categories with the number and the quantity of their documents.
fn totals(backend: DbBackend, scope: &ReportScope) -> SelectStatement {
    let category = (documents::Entity, documents::Column::Category);
    let mut parts = documents_in(scope)
        .expr_as(Expr::col(category), ReportIden::Category)
        .expr_as(Expr::cust("0"), ReportIden::Quantity)
        .expr_as(Expr::col(Asterisk).count(), ReportIden::Documents)
        .group_by_col(category)
        .take();
    let sums = quantities(backend, scope, documents::Column::Category, ReportIden::Category)
        .expr_as(Expr::cust("0"), ReportIden::Documents)
        .take();
    Query::select()
        .column(ReportIden::Category)
        .expr(sums::total(backend, Expr::col(ReportIden::Documents)))
        .expr(sums::total(backend, Expr::col(ReportIden::Quantity)))
        .from_subquery(parts.union(UnionType::All, sums).take(), ReportIden::PeriodParts)
        .group_by_col(ReportIden::Category)
        .take()
}

/// Sums the quantities of interactions, grouped by a column of their documents.
fn quantities(
    backend: DbBackend,
    scope: &ReportScope,
    group: documents::Column,
    name: ReportIden,
) -> SelectStatement {
    use interactions::{Column, Entity};
    let group = (documents::Entity, group);
    let of_document =
        Expr::col((Entity, Column::DocumentId)).equals((documents::Entity, documents::Column::Id));
    documents_in(scope)
        .expr_as(Expr::col(group), name)
        .expr_as(sums::total(backend, Expr::col((Entity, Column::Quantity))), ReportIden::Quantity)
        .inner_join(Entity, of_document)
        .and_where(Column::Kind.eq(kind_name(scope.kind)))
        .cond_where(scope.period.contains(Column::OccurredAt))
        .group_by_col(group)
        .take()
}

/// Selects from the live documents in scope, without columns yet.
fn documents_in(scope: &ReportScope) -> SelectStatement {
    let mut select = Query::select();
    select.from(documents::Entity).and_where(documents::Column::DeletedAt.is_null());
    match &scope.category {
        Some(category) => select.and_where(documents::Column::Category.eq(category)),
        None => select.and_where(documents::Column::Category.is_not_null()),
    };
    select.and_where_option(scope.source.as_ref().map(|source| documents::Column::Source.eq(source))).take()
}

/// Orders by the bytes of a column: PostgreSQL's default is the locale's order.
fn by_bytes(backend: DbBackend, column: &'static str) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::cust(format!("documents.\"{column}\" COLLATE \"C\"")),
        _ => Expr::col((documents::Entity, column)),
    }
}
