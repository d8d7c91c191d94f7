//! The baseline of a crawl, from the cursors of earlier ones.

use super::CrawlCursor;
use crate::baseline::{Baseline, CompletePass, EarlyEnd};
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlState, Tally, Timestamp};

/// Returns the baseline of a crawl, given the ended crawls before it, latest first.
pub(crate) fn baseline_of(earlier: &[Crawl], config: &SourceConfig, now: Timestamp) -> Baseline {
    let fitting = |crawl: &Crawl| CrawlCursor::of(crawl).filter(|cursor| cursor.fits(config));
    let highest = highest(earlier, config, now);
    // A crawl that asked for changes only has not seen the whole list.
    let is_full = |crawl: &Crawl| CrawlCursor::of(crawl).is_none_or(|cursor| cursor.since.is_none());
    let is_complete = |crawl: &&Crawl| crawl.state == CrawlState::Completed && is_full(crawl);
    let mut complete = earlier.iter().filter(is_complete);
    let complete_tally = complete.clone().next().map(|crawl| {
        CrawlCursor::of(crawl).map_or_else(|| Tally::of(crawl.id), |cursor| Tally(cursor.tally))
    });
    let complete = complete.find_map(|crawl| {
        fitting(crawl).map(|cursor| CompletePass {
            documents: seen(crawl),
            page_size: cursor.largest_page,
            total: cursor.total,
        })
    });
    let last = earlier.iter().find(|crawl| crawl.state != CrawlState::Failed && is_full(crawl));
    let last = last.and_then(|crawl| Some((crawl, fitting(crawl)?)));
    let early_end = last.as_ref().and_then(|(crawl, cursor)| {
        let is_early = crawl.state == CrawlState::Incomplete && cursor.early_end;
        is_early.then(|| EarlyEnd { documents: seen(crawl), tally: Tally(cursor.tally) })
    });
    let discrepancy = last.and_then(|(crawl, cursor)| cursor.discrepancy(crawl));
    Baseline { complete, early_end, complete_tally, highest, discrepancy }
}

/// Returns the highest value that complete crawls have seen, unless all items are due.
fn highest(earlier: &[Crawl], config: &SourceConfig, now: Timestamp) -> Option<String> {
    let since = config.since.as_ref()?;
    let complete = || {
        let complete = earlier.iter().filter(|crawl| crawl.state == CrawlState::Completed);
        complete.filter_map(|crawl| {
            CrawlCursor::of(crawl).filter(|cursor| cursor.fits(config)).map(|cursor| (crawl, cursor))
        })
    };
    let (last_full, _) = complete().find(|(_, cursor)| cursor.since.is_none())?;
    let age = (now - last_full.started_at).to_std().unwrap_or_default();
    (age < since.full).then(|| complete().find_map(|(_, cursor)| cursor.highest))?
}

/// Returns true if a new crawl continues a failed one at its page.
///
/// A quota of the upstream may be smaller than the source: only so is it worked through. A failed crawl that
/// stored no page of its own made no progress where it stands, so the next one starts from the first page.
pub(crate) fn can_continue(failed: &Crawl, config: &SourceConfig, now: Timestamp) -> bool {
    let ended_at = failed.finished_at.unwrap_or(failed.started_at);
    let is_recent = (now - ended_at).to_std().unwrap_or_default() <= config.max_duration;
    let is_at_page = |cursor: &CrawlCursor| {
        cursor.fits(config) && cursor.next_page.is_some() && cursor.pages < config.max_pages
    };
    failed.state == CrawlState::Failed
        && failed.pages_fetched > 0
        && is_recent
        && CrawlCursor::of(failed).as_ref().is_some_and(is_at_page)
}

fn seen(crawl: &Crawl) -> u64 {
    u64::try_from(crawl.documents_seen).unwrap_or(0)
}
