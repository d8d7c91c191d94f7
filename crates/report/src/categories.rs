//! Reports of sales and clicks: per category, and of the documents of one category.

use quarry_runtime::boxed;
use serde::Serialize;

use super::{ReportError, ReportPeriod, ReportResponse, Reports};
use quarry_domain::{CategoryReport, CategoryTotal, InteractionKind, SourceName};

/// The parameters of a report of one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryParameters {
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

impl Reports {
    /// Returns sales or clicks of the documents of one category, by quantity.
    #[boxed]
    pub async fn category(
        &self,
        parameters: CategoryParameters,
        refresh: bool,
    ) -> Result<ReportResponse<CategoryReport>, ReportError> {
        let CategoryParameters { name, source, kind, period, first } = parameters.clone();
        let cache = &self.0.category;
        self.report(cache, &parameters, period, refresh, move |store, period, _| async move {
            Ok(store.category_report(&name, source.as_ref(), kind, period, first).await?)
        })
        .await
    }

    /// Returns sales or clicks of each category that has documents, by quantity.
    #[boxed]
    pub async fn categories(
        &self,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: ReportPeriod,
        refresh: bool,
    ) -> Result<ReportResponse<Vec<CategoryTotal>>, ReportError> {
        let parameters = (source, kind, period);
        let source = source.cloned();
        let cache = &self.0.categories;
        self.report(cache, &parameters, period, refresh, move |store, period, _| async move {
            Ok(store.category_totals(source.as_ref(), kind, period).await?)
        })
        .await
    }
}
