use quarry_runtime::boxed;
use serde::Serialize;

use super::reports::{CachedReport, now, report};
use super::{ReportError, ReportPeriod, ReportResponse, Reports};
use quarry_domain::{CategoryReport, InteractionKind, SourceName};

/// Which documents of which category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CategoryParameters {
    /// The category.
    pub name: String,
    /// Of this source only.
    pub source: Option<SourceName>,
    /// What counts.
    pub kind: InteractionKind,
    /// When it happened.
    pub period: ReportPeriod,
    /// How many documents.
    pub first: u64,
}

impl Reports {
    /// What sells, or is clicked, in one category.
    #[boxed]
    pub async fn category(
        &self,
        question: CategoryParameters,
        refresh: bool,
    ) -> Result<ReportResponse<CategoryReport>, ReportError> {
        let asked_at = now();
        let (parts, resolved) = (self.0.clone(), question.period.at(asked_at)?);
        let CategoryParameters { name, source, kind, period: _, first } = question.clone();
        let compute = || async move {
            // Interactions are stored before they are accepted.
            let generated_at = now();
            let covered_until = resolved.end_by(generated_at);
            let value = parts.store.category_report(&name, source.as_ref(), kind, resolved, first).await?;
            Ok(CachedReport { value, generated_at, covered_until })
        };
        report(&self.0.category, &question, asked_at, refresh, compute).await
    }
}
