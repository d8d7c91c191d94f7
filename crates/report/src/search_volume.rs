use chrono_tz::Tz;
use quarry_runtime::boxed;

use super::calendar::{CalendarInterval, buckets};
use super::{ReportError, ReportPeriod, ReportResponse, Reports};
use quarry_domain::VolumeBucket;

impl Reports {
    /// Returns the number of searches per calendar interval that the period touches, zeros included.
    ///
    /// The first and the last interval may extend beyond the period; they count searches of the period
    /// only.
    #[boxed]
    pub async fn search_volume(
        &self,
        period: ReportPeriod,
        interval: CalendarInterval,
        timezone: &str,
        refresh: bool,
    ) -> Result<ReportResponse<Vec<VolumeBucket>>, ReportError> {
        let zone: Tz = timezone.parse().map_err(|_| ReportError::UnknownTimeZone)?;
        let parameters = (period, interval, zone.name());
        let cache = &self.0.search_volume;
        self.report(cache, &parameters, period, refresh, move |store, period, now| async move {
            let buckets = buckets(interval, zone, period, now).ok_or(ReportError::TooManyIntervals)?;
            let volumes = store.search_volume(&buckets.bounds).await?;
            let rows = volumes.into_iter().zip(buckets.starts);
            Ok(rows.map(|(volume, start)| VolumeBucket { start, ..volume }).collect())
        })
        .await
    }
}
