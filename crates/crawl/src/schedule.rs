//! The schedule of crawls. Pure.

use std::time::Duration;

use quarry_config::CronSchedule;
use quarry_domain::{Crawl, CrawlState, Timestamp};
use quarry_runtime::retry::{Backoff, spread};

/// The number of past crawls for the decision: more than the retry delay grows over.
pub(super) const HISTORY_LENGTH: u64 = 12;
/// The delay after incomplete crawls, which doubles with each in a row.
const RETRY_BACKOFF: Backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(30 * 60));
/// The jitter between the servers of a fleet, and between the sources of a server.
const JITTER: f64 = 0.1;

/// Returns true if a source is due, given its crawls, latest first.
///
/// A running crawl is due: it was interrupted or requested. So is a source without crawls. Otherwise the
/// refresh interval or the schedule decides, or a shorter delay after an incomplete crawl. Without an interval
/// and a schedule, only a source without a complete crawl is due.
pub(super) fn is_due(
    latest_first: &[Crawl],
    now: Timestamp,
    refresh: Option<Duration>,
    schedule: Option<&CronSchedule>,
) -> bool {
    let Some(last) = latest_first.first() else { return true };
    let ended_at = last.finished_at.unwrap_or(last.started_at);
    // Without jitter: a time of the clock is exact, and the lease lets one server crawl.
    if last.state != CrawlState::Running && schedule.is_some_and(|schedule| is_past(schedule, ended_at, now))
    {
        return true;
    }
    let is_completed = |crawl: &Crawl| crawl.state == CrawlState::Completed;
    let wait = match last.state {
        CrawlState::Running => return true,
        CrawlState::Completed => refresh,
        CrawlState::Incomplete | CrawlState::Failed => {
            let in_a_row = latest_first.iter().take_while(|crawl| !is_completed(crawl)).count();
            let retry = RETRY_BACKOFF.ceiling(u32::try_from(in_a_row).unwrap_or(u32::MAX));
            match refresh {
                Some(refresh) => Some(retry.min(refresh)),
                None if schedule.is_some() => Some(retry),
                None => (in_a_row == latest_first.len()).then_some(retry),
            }
        }
    };
    let Some(wait) = wait else { return false };
    let waited = (now - ended_at).to_std().unwrap_or_default();
    waited >= spread(wait, JITTER, last.id.0.unsigned_abs())
}

/// Returns true if a child source is due, given the latest crawl of its parent and its own crawls, latest first.
///
/// The stored parents have to be all of them. Without a schedule of its own, the child follows each crawl of its
/// parent. A crawl that was interrupted or requested does not wait.
pub(super) fn is_child_due(
    parent: Option<&Crawl>,
    latest_first: &[Crawl],
    now: Timestamp,
    refresh: Option<Duration>,
    schedule: Option<&CronSchedule>,
) -> bool {
    let last = latest_first.first();
    if last.is_some_and(|last| last.state == CrawlState::Running) {
        return true;
    }
    let Some(parent) = parent.filter(|parent| parent.state == CrawlState::Completed) else { return false };
    let has_own = refresh.is_some() || schedule.is_some();
    let is_behind = last.is_some_and(|last| parent.finished_at > Some(last.started_at));
    !has_own && is_behind || is_due(latest_first, now, refresh, schedule)
}

/// Returns true if a time of a schedule lies after the end of the last crawl.
fn is_past(schedule: &CronSchedule, ended_at: Timestamp, now: Timestamp) -> bool {
    schedule.next_after(ended_at).is_some_and(|next| next <= now)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::fixtures::{self, now};

    /// A crawl that ended `ended_ago_s` seconds ago.
    fn crawl(state: CrawlState, ended_ago_s: i64) -> Crawl {
        let ended_at = now() - TimeDelta::seconds(ended_ago_s);
        let finished_at = (state != CrawlState::Running).then_some(ended_at);
        Crawl { state, started_at: ended_at - TimeDelta::seconds(10), finished_at, ..fixtures::crawl() }
    }

    fn is_due(latest_first: &[Crawl], now: Timestamp, refresh: Option<Duration>) -> bool {
        super::is_due(latest_first, now, refresh, None)
    }

    const REFRESH: Option<Duration> = Some(Duration::from_secs(600));

    #[test]
    fn a_new_source_and_a_running_crawl_are_due() {
        assert!(is_due(&[], now(), None));
        assert!(is_due(&[crawl(CrawlState::Running, 0), crawl(CrawlState::Completed, 0)], now(), None));
    }

    #[test]
    fn a_complete_crawl_is_refreshed_after_its_interval_within_a_tenth() {
        let due_after = |ago| is_due(&[crawl(CrawlState::Completed, ago)], now(), REFRESH);
        assert!(!due_after(539));
        assert!(due_after(661));
        assert!(!is_due(&[crawl(CrawlState::Completed, 1_000_000)], now(), None), "only on request");
        assert!(!due_after(-1_000), "a clock that was set back makes no source due");
    }

    #[test]
    fn a_failed_crawl_is_retried_after_a_growing_delay() {
        let failed = crawl(CrawlState::Failed, 70);
        assert!(is_due(std::slice::from_ref(&failed), now(), REFRESH));
        assert!(!is_due(&[crawl(CrawlState::Failed, 50)], now(), REFRESH));
        assert!(!is_due(&[failed.clone(), failed], now(), REFRESH), "the second delay is twice as long");
        let many: Vec<Crawl> = (0..12).map(|_| crawl(CrawlState::Incomplete, 670)).collect();
        assert!(is_due(&many, now(), REFRESH), "never longer than the interval");
        assert!(!is_due(&many, now(), None));
    }

    #[test]
    fn without_an_interval_only_a_never_completed_source_is_retried() {
        let failed = crawl(CrawlState::Failed, 100_000);
        assert!(is_due(std::slice::from_ref(&failed), now(), None));
        assert!(!is_due(&[failed, crawl(CrawlState::Completed, 200_000)], now(), None));
    }

    #[test]
    fn a_child_follows_the_complete_crawls_of_its_parent() {
        let due = |parent: Option<&Crawl>, child: &[Crawl], refresh| {
            is_child_due(parent, child, now(), refresh, None)
        };
        let parent = crawl(CrawlState::Completed, 100);
        let (earlier, later) = (crawl(CrawlState::Completed, 200), crawl(CrawlState::Completed, 50));
        assert!(!due(None, &[], None), "the parent was never crawled");
        assert!(due(Some(&parent), &[], None));
        assert!(due(Some(&parent), std::slice::from_ref(&earlier), None));
        assert!(!due(Some(&parent), std::slice::from_ref(&later), None));
        for state in [CrawlState::Running, CrawlState::Incomplete, CrawlState::Failed] {
            assert!(!due(Some(&crawl(state, 100)), &[], None), "{state:?}");
        }
        assert!(due(None, &[crawl(CrawlState::Running, 0)], None), "it was requested");
        assert!(!due(Some(&parent), std::slice::from_ref(&earlier), REFRESH), "it has its own interval");
        assert!(due(Some(&parent), &[crawl(CrawlState::Completed, 700)], REFRESH));
    }

    #[test]
    fn a_schedule_is_due_once_for_each_of_its_times() {
        // It is 12:00.
        let schedule = CronSchedule::parse("30 11 * * *").expect("a schedule");
        let due = |crawls: &[Crawl]| super::is_due(crawls, now(), None, Some(&schedule));
        assert!(due(&[]));
        assert!(due(&[crawl(CrawlState::Completed, 31 * 60)]));
        assert!(!due(&[crawl(CrawlState::Completed, 29 * 60)]));
        assert!(due(&[crawl(CrawlState::Completed, 100 * 86_400)]), "once for all missed times");
        assert!(!due(&[crawl(CrawlState::Failed, 50)]), "a failure is retried after its delay");
        assert!(due(&[crawl(CrawlState::Failed, 70), crawl(CrawlState::Completed, 86_400)]));
    }
}
