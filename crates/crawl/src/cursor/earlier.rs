//! The baseline of a crawl, from the cursors of earlier ones.

use super::{CrawlCursor, fingerprint};
use crate::baseline::{Baseline, CompletePass, EarlyEnd};
use crate::since::{SinceValue, latest};
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlState, Tally, Timestamp};

/// An earlier crawl, with its parsed cursor.
struct EarlierCrawl<'a> {
    crawl: &'a Crawl,
    cursor: Option<CrawlCursor>,
    /// It had the same settings.
    fits: bool,
}

impl EarlierCrawl<'_> {
    fn is_completed(&self) -> bool {
        self.crawl.state == CrawlState::Completed
    }

    /// Returns true unless it asked for changes only, or found none by the ETag: it saw the whole list.
    fn is_full(&self) -> bool {
        self.crawl.pages_fetched > 0 && self.cursor.as_ref().is_none_or(|cursor| cursor.since.is_none())
    }

    fn fitting_cursor(&self) -> Option<&CrawlCursor> {
        self.cursor.as_ref().filter(|_| self.fits)
    }

    /// Earlier versions stored no tally.
    fn tally(&self) -> Tally {
        self.cursor.as_ref().map_or_else(|| Tally::of(self.crawl.id), |cursor| Tally(cursor.tally))
    }
}

/// Returns the baseline of a crawl, given the ended crawls before it, latest first.
pub(crate) fn baseline_of(earlier: &[Crawl], config: &SourceConfig, now: Timestamp) -> Baseline {
    let settings = fingerprint(config);
    let earlier: Vec<EarlierCrawl<'_>> = earlier
        .iter()
        .map(|crawl| {
            let cursor = CrawlCursor::of(crawl);
            let fits = cursor.as_ref().is_some_and(|cursor| cursor.settings == settings);
            EarlierCrawl { crawl, cursor, fits }
        })
        .collect();
    let mut complete = earlier.iter().filter(|earlier| earlier.is_completed() && earlier.is_full());
    let complete_tally = complete.clone().next().map(EarlierCrawl::tally);
    let complete = complete.find_map(|earlier| {
        earlier.fitting_cursor().map(|cursor| CompletePass {
            documents: seen(earlier.crawl),
            page_size: cursor.largest_page,
            total: cursor.total,
            end_frame: cursor.end_frame,
        })
    });
    let last = earlier.iter().find(|earlier| earlier.crawl.state != CrawlState::Failed && earlier.is_full());
    let last = last.and_then(|earlier| Some((earlier.crawl, earlier.fitting_cursor()?)));
    let early_end = last.and_then(|(crawl, cursor)| {
        let (documents, page_size) = (seen(crawl), cursor.largest_page.max(1));
        ends_early(crawl, cursor).then(|| EarlyEnd {
            documents,
            is_unusual: cursor.unusual_end,
            crawls: early_crawls(&earlier, documents, page_size),
        })
    });
    Baseline {
        complete,
        early_end,
        complete_tally,
        highest: highest(&earlier, config, now),
        etag: etag(&earlier, config),
        discrepancy: last.and_then(|(crawl, cursor)| cursor.discrepancy(crawl)),
    }
}

fn ends_early(crawl: &Crawl, cursor: &CrawlCursor) -> bool {
    crawl.state == CrawlState::Incomplete && cursor.early_end
}

/// Returns the number of the latest crawls in a row whose lists ended early at about the same item.
fn early_crawls(earlier: &[EarlierCrawl<'_>], documents: u64, page_size: u64) -> usize {
    let is_alike = |earlier: &&EarlierCrawl<'_>| {
        let is_early = earlier.fitting_cursor().is_some_and(|cursor| ends_early(earlier.crawl, cursor));
        is_early && seen(earlier.crawl).abs_diff(documents) < page_size
    };
    let conclusive = earlier.iter().filter(|earlier| earlier.crawl.state != CrawlState::Failed);
    conclusive.filter(|earlier| earlier.is_full()).take_while(is_alike).count()
}

/// Returns the entity tag of the list, if one page is the whole of it.
fn etag(earlier: &[EarlierCrawl<'_>], config: &SourceConfig) -> Option<String> {
    let mut complete = earlier.iter().take_while(|earlier| earlier.is_completed());
    let cursor = complete.find(|earlier| earlier.crawl.pages_fetched > 0)?.fitting_cursor()?;
    cursor.etag.clone().filter(|_| cursor.pages == 1 && config.since.is_none())
}

/// Returns the highest value that complete crawls have seen, unless all items are due.
fn highest(earlier: &[EarlierCrawl<'_>], config: &SourceConfig, now: Timestamp) -> Option<String> {
    let since = config.since.as_ref()?;
    let complete = || {
        let complete = earlier.iter().filter(|earlier| earlier.is_completed());
        complete.filter_map(|earlier| Some((earlier.crawl, earlier.fitting_cursor()?)))
    };
    let (last_full, _) = complete().find(|(_, cursor)| cursor.since.is_none())?;
    let age = (now - last_full.started_at).to_std().unwrap_or_default();
    let highest = (age < since.full).then(|| complete().find_map(|(_, cursor)| cursor.highest.clone()))??;
    SinceValue::of(highest, latest(now, since.overlap)).map(SinceValue::into_text)
}

/// Returns true if a new crawl continues a failed one at its page.
///
/// A quota of the upstream may be smaller than the source: only so is it worked through. A failed crawl that
/// stored no page of its own made no progress where it stands, so the next one starts from the first page.
pub(crate) fn can_continue(failed: &Crawl, config: &SourceConfig, now: Timestamp) -> bool {
    let ended_at = failed.finished_at.unwrap_or(failed.started_at);
    let is_recent = (now - ended_at).to_std().unwrap_or_default() <= config.max_duration;
    let is_at_page = |cursor: &CrawlCursor| {
        // The next list of a child source follows an ended one.
        let has_next = cursor.next_page.is_some() || cursor.parents.is_some();
        cursor.fits(config) && has_next && cursor.pages < config.max_pages
    };
    failed.state == CrawlState::Failed
        && failed.pages_fetched > 0
        && is_recent
        && CrawlCursor::of(failed).as_ref().is_some_and(is_at_page)
}

/// Returns the documents that a crawl has seen.
pub(super) fn seen(crawl: &Crawl) -> u64 {
    u64::try_from(crawl.documents_seen).unwrap_or(0)
}
