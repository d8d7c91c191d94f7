use super::{AskedPeriod, ReportError, Reported, Reports};
use crate::domain::{CategoryTotal, InteractionKind, SourceName};

impl Reports {
    /// Every category that has documents, by quantity.
    pub async fn categories(
        &self,
        source: Option<&SourceName>,
        kind: InteractionKind,
        period: AskedPeriod,
        refresh: bool,
    ) -> Result<Reported<Vec<CategoryTotal>>, ReportError> {
        self.not_yet((source.cloned(), kind, period, refresh)).await
    }
}
