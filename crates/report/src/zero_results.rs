use super::reports::{CachedReport, now, report};
use super::{ReportError, ReportPeriod, ReportResponse, Reports};
use quarry_domain::ZeroResultSearch;
use quarry_runtime::boxed;

impl Reports {
    /// What was searched for in vain.
    #[boxed]
    pub async fn zero_result_searches(
        &self,
        period: ReportPeriod,
        first: u64,
        refresh: bool,
    ) -> Result<ReportResponse<Vec<ZeroResultSearch>>, ReportError> {
        let asked_at = now();
        let (parts, resolved) = (self.0.clone(), period.at(asked_at)?);
        let compute = || async move {
            let covered_until = parts.log.of(resolved, now()).await;
            let generated_at = now();
            let value = parts.store.zero_result_searches(resolved, first).await?;
            Ok(CachedReport { value, generated_at, covered_until })
        };
        report(&self.0.zero_results, &(period, first), asked_at, refresh, compute).await
    }
}
