//! When a source is due for a crawl. Pure.

use std::time::Duration;

use quarry_domain::{Crawl, CrawlState, Timestamp};
use quarry_runtime::retry::{Backoff, spread};

/// Crawls that the decision looks back on: as many as the retries grow over, and some.
pub(super) const HISTORY: u64 = 12;
/// The wait after a crawl that did not complete: it doubles with each in a row.
const RETRY: Backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(30 * 60));
/// How far the servers of a fleet, and the sources of a server, are drawn apart.
const JITTER: f64 = 0.1;

/// Whether a source is due, by its crawls, latest first.
///
/// A running crawl is: it was cut off, or somebody asked for it. So is a source that was never
/// crawled. Otherwise the refresh interval decides, or, after a crawl that did not complete, a
/// shorter wait. Without an interval, only a source that was never completely crawled is due.
pub(super) fn is_due(latest_first: &[Crawl], now: Timestamp, refresh: Option<Duration>) -> bool {
    let Some(last) = latest_first.first() else { return true };
    let is_completed = |crawl: &Crawl| crawl.state == CrawlState::Completed;
    let wait = match last.state {
        CrawlState::Running => return true,
        CrawlState::Completed => refresh,
        CrawlState::Incomplete | CrawlState::Failed => {
            let in_a_row = latest_first.iter().take_while(|crawl| !is_completed(crawl)).count();
            let retry = RETRY.ceiling(u32::try_from(in_a_row).unwrap_or(u32::MAX));
            match refresh {
                Some(refresh) => Some(retry.min(refresh)),
                None => (in_a_row == latest_first.len()).then_some(retry),
            }
        }
    };
    let Some(wait) = wait else { return false };
    let ended_at = last.finished_at.unwrap_or(last.started_at);
    let waited = (now - ended_at).to_std().unwrap_or_default();
    waited >= spread(wait, JITTER, last.id.0.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;
    use quarry_domain::{CrawlId, SourceName};

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).single().expect("a time")
    }

    /// A crawl that ended so many seconds ago.
    fn crawl(state: CrawlState, ended_ago_s: i64) -> Crawl {
        let ended_at = now() - TimeDelta::seconds(ended_ago_s);
        Crawl {
            id: CrawlId(3),
            source: SourceName::parse("s").expect("a name"),
            state,
            started_at: ended_at - TimeDelta::seconds(10),
            finished_at: (state != CrawlState::Running).then_some(ended_at),
            pages_fetched: 0,
            attempts: 0,
            documents_seen: 0,
            inserted: 0,
            updated: 0,
            unchanged: 0,
            deleted: 0,
            rejected: 0,
            expected_total: None,
            error: None,
            allow_shrink: false,
            cursor: None,
        }
    }

    const REFRESH: Option<Duration> = Some(Duration::from_secs(600));

    #[test]
    fn a_new_source_and_a_running_crawl_are_due() {
        assert!(is_due(&[], now(), None));
        assert!(is_due(&[crawl(CrawlState::Running, 0), crawl(CrawlState::Completed, 0)], now(), None));
    }

    #[test]
    fn a_complete_crawl_is_refreshed_after_its_interval_give_or_take_a_tenth() {
        let due_after = |ago| is_due(&[crawl(CrawlState::Completed, ago)], now(), REFRESH);
        assert!(!due_after(539));
        assert!(due_after(661));
        assert!(!is_due(&[crawl(CrawlState::Completed, 1_000_000)], now(), None), "only when asked to");
        assert!(!due_after(-1_000), "a clock that went back makes nothing due");
    }

    #[test]
    fn a_failed_crawl_is_tried_again_after_a_growing_wait() {
        let failed = crawl(CrawlState::Failed, 70);
        assert!(is_due(std::slice::from_ref(&failed), now(), REFRESH));
        assert!(!is_due(&[crawl(CrawlState::Failed, 50)], now(), REFRESH));
        assert!(!is_due(&[failed.clone(), failed], now(), REFRESH), "the second wait is twice as long");
        let many: Vec<Crawl> = (0..12).map(|_| crawl(CrawlState::Incomplete, 670)).collect();
        assert!(is_due(&many, now(), REFRESH), "never longer than the interval");
        assert!(!is_due(&many, now(), None));
    }

    #[test]
    fn without_an_interval_only_what_was_never_complete_is_tried_again() {
        let failed = crawl(CrawlState::Failed, 100_000);
        assert!(is_due(std::slice::from_ref(&failed), now(), None));
        assert!(!is_due(&[failed, crawl(CrawlState::Completed, 200_000)], now(), None));
    }
}
