//! The cache of reports.

use super::page::{Labels, Page};
use crate::cache::CacheFigures;

/// Where reports came from, by kind.
pub(super) fn tell(page: &mut Page, reports: &[(&'static str, CacheFigures)]) {
    let outcomes = |(report, figures): &(&'static str, CacheFigures)| {
        let outcomes = [
            ("hit", figures.hits),
            ("miss", figures.misses),
            ("stale", figures.stale),
            ("bypass", figures.bypasses),
            ("failed", figures.failed),
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
            .map(|(report, figures)| (labels(&[("report", report)]), figures.without_cache))
            .collect(),
    );
}

fn labels(pairs: &[(&'static str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}
