//! Reports of sales and clicks: of the documents of a category, and of all categories.

use serde::Serialize;

use super::report::{Report, ReportCache, ReportCaches, ReportSource};
use super::{ReportError, ReportPeriod};
use quarry_domain::{CategoryReport, CategoryTotal, InteractionKind, Period, SourceName, Timestamp};
use quarry_store::Store;

/// Sales or clicks of the documents of one category, by quantity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryDocuments {
    /// The category.
    pub name: String,
    /// The source of the documents; all sources if `None`.
    pub source: Option<SourceName>,
    /// The interactions to count.
    pub kind: InteractionKind,
    /// The period of the interactions.
    pub period: ReportPeriod,
    /// The number of documents.
    pub first: u64,
}

impl Report for CategoryDocuments {
    type Value = CategoryReport;
    const SOURCE: ReportSource = ReportSource::Interactions;

    fn period(&self) -> ReportPeriod {
        self.period
    }

    fn cache(caches: &ReportCaches) -> &ReportCache<Self::Value> {
        &caches.category
    }

    async fn compute(self, store: Store, period: Period, _: Timestamp) -> Result<Self::Value, ReportError> {
        Ok(store.category_report(&self.name, self.source.as_ref(), self.kind, period, self.first).await?)
    }
}

/// Sales or clicks of each category that has documents, by quantity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryTotals {
    /// The source of the documents; all sources if `None`.
    pub source: Option<SourceName>,
    /// The interactions to count.
    pub kind: InteractionKind,
    /// The period of the interactions.
    pub period: ReportPeriod,
}

impl Report for CategoryTotals {
    type Value = Vec<CategoryTotal>;
    const SOURCE: ReportSource = ReportSource::Interactions;

    fn period(&self) -> ReportPeriod {
        self.period
    }

    fn cache(caches: &ReportCaches) -> &ReportCache<Self::Value> {
        &caches.categories
    }

    async fn compute(self, store: Store, period: Period, _: Timestamp) -> Result<Self::Value, ReportError> {
        Ok(store.category_totals(self.source.as_ref(), self.kind, period).await?)
    }
}
