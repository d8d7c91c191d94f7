use super::reports::{CachedReport, now, report};
use super::{ReportError, ReportPeriod, ReportResponse, Reports};
use quarry_domain::{CategoryTotal, InteractionKind, SourceName};
use quarry_runtime::boxed;

impl Reports {
    /// Every category that has documents, by quantity.
    #[boxed]
    pub async fn categories(
        &self,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: ReportPeriod,
        refresh: bool,
    ) -> Result<ReportResponse<Vec<CategoryTotal>>, ReportError> {
        let asked_at = now();
        let (parts, resolved) = (self.0.clone(), period.at(asked_at)?);
        let question = (source.cloned(), kind, period);
        let source = question.0.clone();
        let compute = || async move {
            // Interactions are stored before they are accepted.
            let generated_at = now();
            let covered_until = resolved.end_by(generated_at);
            let value = parts.store.category_totals(source.as_ref(), kind, resolved).await?;
            Ok(CachedReport { value, generated_at, covered_until })
        };
        report(&self.0.categories, &question, asked_at, refresh, compute).await
    }
}
