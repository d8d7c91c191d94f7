use super::{AskedPeriod, ReportError, Reported, Reports};
use crate::domain::ZeroResultSearch;

impl Reports {
    /// What was searched for in vain.
    pub async fn zero_result_searches(
        &self,
        period: AskedPeriod,
        first: u64,
        refresh: bool,
    ) -> Result<Reported<Vec<ZeroResultSearch>>, ReportError> {
        self.not_yet((period, first, refresh)).await
    }
}
