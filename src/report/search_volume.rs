use super::{AskedPeriod, Interval, ReportError, Reported, Reports};
use crate::domain::VolumeBucket;

impl Reports {
    /// Searches over time: one bucket for each interval that the period touches.
    pub async fn search_volume(
        &self,
        period: AskedPeriod,
        interval: Interval,
        timezone: &str,
        refresh: bool,
    ) -> Result<Reported<Vec<VolumeBucket>>, ReportError> {
        self.not_yet((period, interval, timezone.to_owned(), refresh)).await
    }
}
