//! Metrics of reports and their cache.

use prometheus_client::registry::Registry;
use quarry_runtime::metrics::Series;

use super::report::Reports;

impl Reports {
    /// Registers the counters of each report.
    pub fn register_metrics(&self, registry: &mut Registry) {
        let reports = self.cache_metrics();
        let outcomes = reports.iter().flat_map(|(report, metrics)| {
            [
                ("hit", &metrics.hits),
                ("miss", &metrics.misses),
                ("stale", &metrics.stale),
                ("bypass", &metrics.bypasses),
                ("failed", &metrics.failed),
            ]
            .map(|(outcome, counter)| ([("report", *report), ("outcome", outcome)], counter.clone()))
        });
        registry.register(
            "reports",
            "Reports by origin: from the cache (hit), computed and cached (miss), the last good one during a failure \
             (stale), computed without the cache (bypass), none (failed)",
            Series::from_iter(outcomes),
        );
        let errors =
            reports.iter().map(|(report, metrics)| ([("report", *report)], metrics.without_cache.clone()));
        registry.register(
            "report_cache_errors",
            "Reports during which the cache failed",
            Series::from_iter(errors),
        );
    }
}
