use chrono_tz::Tz;
use quarry_runtime::boxed;

use super::calendar::{CalendarInterval, buckets};
use super::reports::{CachedReport, now, report};
use super::{ReportError, ReportPeriod, ReportResponse, Reports};
use quarry_domain::VolumeBucket;

impl Reports {
    /// Searches over time: one bucket for each interval that the period touches, empty ones too.
    /// Each says when its interval begins, and counts what of it lies in the period.
    #[boxed]
    pub async fn search_volume(
        &self,
        period: ReportPeriod,
        interval: CalendarInterval,
        timezone: &str,
        refresh: bool,
    ) -> Result<ReportResponse<Vec<VolumeBucket>>, ReportError> {
        let zone: Tz = timezone.parse().map_err(|_| ReportError::UnknownTimeZone)?;
        let asked_at = now();
        let (parts, resolved) = (self.0.clone(), period.at(asked_at)?);
        let compute = || async move {
            let covered_until = parts.log.of(resolved, now()).await;
            let generated_at = now();
            let buckets = buckets(interval, zone, resolved, generated_at)?;
            let volumes = parts.store.search_volume(&buckets.bounds).await?;
            let value = volumes.into_iter().zip(buckets.starts);
            let value = value.map(|(volume, start)| VolumeBucket { start, ..volume }).collect();
            Ok(CachedReport { value, generated_at, covered_until })
        };
        let question = (period, interval, zone.name());
        report(&self.0.search_volume, &question, asked_at, refresh, compute).await
    }
}
