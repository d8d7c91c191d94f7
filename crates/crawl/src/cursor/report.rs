//! The report of a crawl about its completeness.

use super::CrawlCursor;
use crate::baseline::Baseline;
use crate::grouped::grouped;
use quarry_domain::Crawl;

/// The reason for a total above the number of keys, which a wrong key has as well.
const KEYS_SERVED_TWICE: &str = "the upstream serves some keys more than once: if these are different items, set \
                                 `fields.key` to a list of pointers";

impl CrawlCursor {
    /// Describes what a complete crawl found wrong, for the operator.
    pub(super) fn describe_findings(&self, crawl: &Crawl, baseline: &Baseline) -> Option<String> {
        let mut findings = Vec::new();
        findings.extend(self.describe_rejections());
        findings.extend(self.conflict.clone());
        if let Some(total) = self.total {
            let missing = total - self.found(crawl);
            let is_steady = !self.total_changed && self.highest_total.1 == total;
            if missing != 0 && is_steady && baseline.discrepancy != Some(missing) {
                let (total, found) = (grouped(total), grouped(self.found(crawl)));
                findings.push(format!("the upstream states a total of {total}, but serves {found}"));
            }
            if missing > 0 && self.conflict.is_none() && self.saw_keys_twice(crawl) {
                findings.push(KEYS_SERVED_TWICE.to_owned());
            }
        }
        (!findings.is_empty()).then(|| findings.join("; "))
    }

    /// Describes why a crawl is not complete.
    pub(super) fn describe_missing(&self, crawl: &Crawl) -> String {
        let seen = crawl.documents_seen;
        let mut message = match self.total {
            Some(total) => format!("saw {} distinct keys of {} stated", grouped(seen), grouped(total)),
            None => format!("saw {} distinct keys, and the end of the upstream is doubtful", grouped(seen)),
        };
        let has_duplicates = |total: i64| seen < total && self.reaches(total);
        if let Some(rejections) = self.describe_rejections() {
            message += &format!("; {rejections}");
            if self.is_mostly_rejected() {
                message += "; check the pointers in `fields`";
            }
        } else if self.total.is_some_and(has_duplicates) && !self.total_changed && self.skipped == 0 {
            message += &format!("; {KEYS_SERVED_TWICE}");
        }
        if self.total.is_none() && self.saw_keys_twice(crawl) {
            message += "; the upstream served keys twice in one pass, so its order is not stable: add a \
                        parameter for a stable order to `url`";
        }
        for trouble in self.trouble.iter().chain(self.conflict.as_ref().filter(|_| self.has_other_trouble()))
        {
            message += &format!("; {trouble}");
        }
        message
    }

    /// Returns true if the first trouble is not the conflict.
    fn has_other_trouble(&self) -> bool {
        self.trouble != self.conflict
    }

    fn describe_rejections(&self) -> Option<String> {
        let rejection = self.rejection.as_ref().filter(|_| self.rejected > 0)?;
        Some(describe_rejected(self.rejected, rejection))
    }
}

/// Describes the number of rejected items.
pub(super) fn describe_rejected(rejected: u64, first: &str) -> String {
    let count = grouped(i64::try_from(rejected).unwrap_or(i64::MAX));
    let items = if rejected == 1 { "item was" } else { "items were" };
    format!("{count} {items} rejected, the first because of: {first}")
}
