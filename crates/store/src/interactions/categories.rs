//! What sells, or is clicked, by the category that documents are in now.
//!
//! Each report is one statement, so it shows one state of the database: documents of the category
//! with what the parts of the period come to for each. Removed documents do not count.

use quarry_runtime::boxed;
use std::cmp::Reverse;

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Order, Query, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, DeriveIden, QueryResult};

use super::super::documents::{add_columns, document};
use super::super::entity::{documents, interaction_days as days, interactions as rows};
use super::super::failure::Failure;
use super::super::plans::explain;
use super::super::span::Span;
use super::super::sums::{self, whole};
use super::super::{Store, StoreError};
use super::kind_name;
use super::parts::Parts;
use quarry_domain::{CategoryReport, CategoryTotal, InteractionKind, Period, SourceName};

/// Where a document's columns end, and what was added up begins.
const QUANTITY: usize = 12;
const TOTAL: usize = 13;

/// What is added up: these are the names of tables and columns within a statement.
#[derive(Clone, Copy, DeriveIden)]
enum Sums {
    Parts,
    Summed,
    Ranked,
    Document,
    Category,
    Documents,
    Quantity,
    Total,
    Place,
}

/// What is reported of.
#[derive(Clone, Debug)]
struct Asked {
    /// Every category if none.
    category: Option<String>,
    /// Every source if none.
    source: Option<String>,
    kind: InteractionKind,
    period: Span,
}

impl Asked {
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
    /// The documents of a category with the greatest quantities, greatest first, ties by key and
    /// then by source; and what all of its documents come to.
    #[boxed]
    pub async fn category_report(
        &self,
        name: &str,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: Period,
        first: u64,
    ) -> Result<CategoryReport, StoreError> {
        let Some(select) = report(self.backend(), &Asked::of(Some(name), source, kind, period), first) else {
            return Ok(CategoryReport::default());
        };
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

    /// Every category that has documents, greatest quantity first, ties by name.
    #[boxed]
    pub async fn category_totals(
        &self,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: Period,
    ) -> Result<Vec<CategoryTotal>, StoreError> {
        let select = totals(self.backend(), &Asked::of(None, source, kind, period));
        let rows = self.read(|database| async move { Ok(database.query_all(&select).await?) }).await?;
        let mut totals = rows.iter().map(total).collect::<Result<Vec<_>, Failure>>()?;
        totals.sort_by(|a, b| (Reverse(a.quantity), &a.name).cmp(&(Reverse(b.quantity), &b.name)));
        Ok(totals)
    }

    /// How the database goes about [`Store::category_report`] and [`Store::category_totals`]. It may
    /// quote what is read, so it is not to be logged.
    #[boxed]
    pub async fn category_plans(
        &self,
        name: &str,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: Period,
        first: u64,
    ) -> Result<Vec<String>, StoreError> {
        let backend = self.backend();
        let report = report(backend, &Asked::of(Some(name), source, kind, period), first);
        let totals = totals(backend, &Asked::of(None, source, kind, period));
        self.read(move |database| async move {
            let mut plans = Vec::new();
            for select in report.iter().chain([&totals]) {
                plans.push(explain(&database, backend.build(select)).await?);
            }
            Ok(plans)
        })
        .await
    }
}

fn total(row: &QueryResult) -> Result<CategoryTotal, Failure> {
    Ok(CategoryTotal {
        name: row.try_get_by_index(0)?,
        documents: row.try_get_by_index(1)?,
        quantity: row.try_get_by_index(2)?,
    })
}

/// Documents, each with its quantity and with that of all; none if the period is empty.
fn report(backend: DbBackend, asked: &Asked, first: u64) -> Option<SelectStatement> {
    let parts = union(parts(asked, documents::Column::Id, Sums::Document))?;
    let summed = Query::select()
        .column(Sums::Document)
        .expr_as(sums::total(backend, Expr::col(Sums::Quantity)), Sums::Quantity)
        .from_subquery(parts, Sums::Parts)
        .group_by_col(Sums::Document)
        .take();
    // Ranked before their keys are read, which lie on as many pages as a category has documents.
    let ranked = Query::select()
        .columns([Sums::Document, Sums::Quantity])
        .expr_as(whole(backend, Expr::cust("SUM(quantity) OVER ()")), Sums::Total)
        .expr_as(Expr::cust("RANK() OVER (ORDER BY quantity DESC)"), Sums::Place)
        .from_subquery(summed, Sums::Summed)
        .take();
    let mut select = Query::select();
    add_columns(&mut select);
    let of_document =
        Expr::col((documents::Entity, documents::Column::Id)).equals((Sums::Ranked, Sums::Document));
    select
        .columns([(Sums::Ranked, Sums::Quantity), (Sums::Ranked, Sums::Total)])
        .from_subquery(ranked, Sums::Ranked)
        .inner_join(documents::Entity, of_document)
        .and_where(Expr::col((Sums::Ranked, Sums::Place)).lte(first))
        .order_by((Sums::Ranked, Sums::Quantity), Order::Desc)
        .order_by_expr(by_bytes(backend, "key"), Order::Asc)
        .order_by_expr(by_bytes(backend, "source"), Order::Asc)
        .limit(first);
    Some(select)
}

/// Categories with the number and the quantity of their documents.
fn totals(backend: DbBackend, asked: &Asked) -> SelectStatement {
    let category = (documents::Entity, documents::Column::Category);
    let counts = documents_of(asked)
        .expr_as(Expr::col(category), Sums::Category)
        .expr_as(Expr::cust("0"), Sums::Quantity)
        .expr_as(Expr::col(Asterisk).count(), Sums::Documents)
        .group_by_col(category)
        .take();
    let sums = parts(asked, documents::Column::Category, Sums::Category);
    let sums = sums.map(|mut part| part.expr_as(Expr::cust("0"), Sums::Documents).take());
    let all = union([counts].into_iter().chain(sums)).expect("there are the documents, at least");
    Query::select()
        .column(Sums::Category)
        .expr(sums::total(backend, Expr::col(Sums::Documents)))
        .expr(sums::total(backend, Expr::col(Sums::Quantity)))
        .from_subquery(all, Sums::Parts)
        .group_by_col(Sums::Category)
        .take()
}

/// For each part of the period: what the documents of each group come to.
fn parts(
    asked: &Asked,
    group: documents::Column,
    name: Sums,
) -> impl Iterator<Item = SelectStatement> + use<'_> {
    let grouped = move |mut part: SelectStatement| {
        let group = (documents::Entity, group);
        part.expr_as(Expr::col(group), name).group_by_col(group).take()
    };
    let Parts { days, rows } = Parts::of(asked.period);
    let of_days = move |span: Span| {
        let of_document = Expr::col((days::Entity, days::Column::DocumentId))
            .equals((documents::Entity, documents::Column::Id));
        grouped(documents_of(asked))
            .expr_as(Expr::col((days::Entity, days::Column::Quantity)).sum(), Sums::Quantity)
            .inner_join(days::Entity, of_document)
            .and_where(days::Column::Kind.eq(kind_name(asked.kind)))
            .and_where(days::Column::Day.gte(span.from))
            .and_where_option(span.before.map(|before| days::Column::Day.lt(before)))
            .take()
    };
    let of_rows = move |span: Span| {
        let of_document = Expr::col((rows::Entity, rows::Column::DocumentId))
            .equals((documents::Entity, documents::Column::Id));
        grouped(documents_of(asked))
            .expr_as(Expr::col((rows::Entity, rows::Column::Quantity)).sum(), Sums::Quantity)
            .inner_join(rows::Entity, of_document)
            .and_where(rows::Column::Kind.eq(kind_name(asked.kind)))
            .and_where(rows::Column::OccurredAt.gte(span.from))
            .and_where_option(span.before.map(|before| rows::Column::OccurredAt.lt(before)))
            .take()
    };
    days.into_iter().map(of_days).chain(rows.into_iter().map(of_rows))
}

/// The documents that are asked about, with no column selected yet.
fn documents_of(asked: &Asked) -> SelectStatement {
    let mut select = Query::select();
    select.from(documents::Entity).and_where(documents::Column::DeletedAt.is_null());
    match &asked.category {
        Some(category) => select.and_where(documents::Column::Category.eq(category)),
        None => select.and_where(documents::Column::Category.is_not_null()),
    };
    select.and_where_option(asked.source.as_ref().map(|source| documents::Column::Source.eq(source))).take()
}

/// All of them as one; none if there are none.
fn union(selects: impl IntoIterator<Item = SelectStatement>) -> Option<SelectStatement> {
    let mut selects = selects.into_iter();
    let mut all = selects.next()?;
    Some(all.unions(selects.map(|other| (UnionType::All, other))).take())
}

/// A column of documents in the order of its bytes: PostgreSQL's own order may be a language's.
fn by_bytes(backend: DbBackend, column: &'static str) -> Expr {
    match backend {
        DbBackend::Postgres => Expr::cust(format!("documents.\"{column}\" COLLATE \"C\"")),
        _ => Expr::col((documents::Entity, column)),
    }
}
