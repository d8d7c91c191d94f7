//! The cache of reports.

use super::page::{Labels, Page};
use crate::cache::CacheMetrics;

/// Where reports came from, by kind.
pub(super) fn tell(page: &mut Page, reports: &[(&'static str, CacheMetrics)]) {
    let outcomes = |(report, metrics): &(&'static str, CacheMetrics)| {
        let outcomes = [
            ("hit", metrics.hits),
            ("miss", metrics.misses),
            ("stale", metrics.stale),
            ("bypass", metrics.bypasses),
            ("failed", metrics.failed),
        ];
        let report = *report;
        outcomes.map(|(outcome, count)| (labels(&[("report", report), ("outcome", outcome)]), count))
    };
    page.counts(
        "reports_total",
        "Reports by where they came from: the cache (hit), computed and kept (miss), the last good one in place of \
         one (stale), computed without the cache (bypass), nowhere (failed)",
        reports.iter().flat_map(outcomes).collect(),
    );
    page.counts(
        "report_cache_errors_total",
        "Reports in which the cache should have had a part, and did not work",
        reports
            .iter()
            .map(|(report, metrics)| (labels(&[("report", report)]), metrics.without_cache))
            .collect(),
    );
}

fn labels(pairs: &[(&'static str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}
