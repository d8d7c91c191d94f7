//! The schedule of crawls. Pure.

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;
use quarry_config::{CronSchedule, SourceConfig};
use quarry_domain::{Crawl, CrawlState, SourceName, Timestamp};
use quarry_runtime::retry::{Backoff, spread};

/// The number of past crawls for the decision: more than the retry delay grows over.
pub(super) const HISTORY_LENGTH: u64 = 12;
/// The delay after incomplete crawls, which doubles with each in a row.
const RETRY_BACKOFF: Backoff = Backoff::new(Duration::from_secs(60), Duration::from_secs(30 * 60));
/// The jitter between the servers of a fleet, and between the sources of a server.
const JITTER: f64 = 0.1;

/// Returns true if a source is due, given the latest crawls of parents and its own crawls, latest first.
pub(super) fn is_due(
    config: &SourceConfig,
    parents: &HashMap<SourceName, Crawl>,
    latest_first: &[Crawl],
    now: Timestamp,
) -> bool {
    due_at(config, parents, latest_first).is_some_and(|due_at| due_at <= now)
}

/// Returns the time from which a source is due, given the latest crawls of parents and its own crawls, latest
/// first; `None` if it waits for a request or for its parent.
pub(super) fn due_at(
    config: &SourceConfig,
    parents: &HashMap<SourceName, Crawl>,
    latest_first: &[Crawl],
) -> Option<Timestamp> {
    let (refresh, schedule) = (config.refresh, config.schedule.as_ref());
    match &config.parent {
        Some(parent) => child_due_at(parents.get(parent), latest_first, refresh, schedule),
        None => source_due_at(latest_first, refresh, schedule),
    }
}

/// Returns the time from which a source without a parent is due; `None` if it waits for a request.
///
/// A running crawl is due: it was interrupted or requested. So is a source without crawls. Otherwise the
/// refresh interval or the schedule decides, or a shorter delay after an incomplete crawl. Without an interval
/// and a schedule, only a source without a complete crawl is due.
fn source_due_at(
    latest_first: &[Crawl],
    refresh: Option<Duration>,
    schedule: Option<&CronSchedule>,
) -> Option<Timestamp> {
    let Some(last) = latest_first.first() else { return Some(Timestamp::MIN_UTC) };
    let ended_at = last.finished_at.unwrap_or(last.started_at);
    let is_completed = |crawl: &Crawl| crawl.state == CrawlState::Completed;
    let wait = match last.state {
        CrawlState::Running => return Some(last.started_at),
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
    // Without jitter: a time of the clock is exact, and the lease lets one server crawl.
    let scheduled = schedule.and_then(|schedule| schedule.next_after(ended_at));
    let waited = wait.and_then(|wait| {
        let wait = TimeDelta::from_std(spread(wait, JITTER, last.id.0.unsigned_abs())).ok()?;
        ended_at.checked_add_signed(wait)
    });
    scheduled.into_iter().chain(waited).min()
}

/// Returns the time from which a child source is due; `None` if it waits for its parent or a request.
///
/// The stored parents have to be all of them. Without a schedule of its own, the child follows each crawl of its
/// parent. A crawl that was interrupted or requested does not wait.
fn child_due_at(
    parent: Option<&Crawl>,
    latest_first: &[Crawl],
    refresh: Option<Duration>,
    schedule: Option<&CronSchedule>,
) -> Option<Timestamp> {
    let last = latest_first.first();
    if let Some(running) = last.filter(|last| last.state == CrawlState::Running) {
        return Some(running.started_at);
    }
    let parent = parent.filter(|parent| parent.state == CrawlState::Completed)?;
    let has_own = refresh.is_some() || schedule.is_some();
    let is_behind = last.is_some_and(|last| parent.finished_at > Some(last.started_at));
    if !has_own && is_behind { parent.finished_at } else { source_due_at(latest_first, refresh, schedule) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{self, now};

    /// A crawl that ended `ended_ago_s` seconds ago.
    fn crawl(state: CrawlState, ended_ago_s: i64) -> Crawl {
        let ended_at = now() - TimeDelta::seconds(ended_ago_s);
        let finished_at = (state != CrawlState::Running).then_some(ended_at);
        Crawl { state, started_at: ended_at - TimeDelta::seconds(10), finished_at, ..fixtures::crawl() }
    }

    fn is_due(latest_first: &[Crawl], now: Timestamp, refresh: Option<Duration>) -> bool {
        source_due_at(latest_first, refresh, None).is_some_and(|due_at| due_at <= now)
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
            child_due_at(parent, child, refresh, None).is_some_and(|due_at| due_at <= now())
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
        let due = |crawls: &[Crawl]| {
            source_due_at(crawls, None, Some(&schedule)).is_some_and(|due_at| due_at <= now())
        };
        assert!(due(&[]));
        assert!(due(&[crawl(CrawlState::Completed, 31 * 60)]));
        assert!(!due(&[crawl(CrawlState::Completed, 29 * 60)]));
        assert!(due(&[crawl(CrawlState::Completed, 100 * 86_400)]), "once for all missed times");
        assert!(!due(&[crawl(CrawlState::Failed, 50)]), "a failure is retried after its delay");
        assert!(due(&[crawl(CrawlState::Failed, 70), crawl(CrawlState::Completed, 86_400)]));
    }
}
