//! The position of a crawl, and the decision on its next step.
//!
//! Pure: the decision depends on the cursor, the counts of the crawl, the baseline of earlier crawls and `now`,
//! so that a resumed crawl decides as the interrupted one.

mod earlier;
mod lists;
mod overlap;
mod report;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::baseline::Baseline;
use super::mapping::are_mostly_rejected;
use super::pagination::{PageToken, tokens_after};
use super::since;
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlId, CrawlState, Tally, Timestamp};
use quarry_store::{CrawlEnd, SweepVanished};

use self::earlier::seen;
pub(super) use self::earlier::{baseline_of, can_continue};
pub(super) use self::lists::ParentsCursor;
use self::overlap::Overlap;

/// Complete sweeps in a row without a new key that end the crawl.
const MAX_BARREN_SWEEPS: u32 = 2;
/// Digests of the members beside lists that a cursor remembers.
const MAX_FRAMES: usize = 6;
/// Responses in a row that must state a total before it can complete a crawl.
const MIN_CONFIRMATIONS: u32 = 2;

/// The position of a crawl, stored with every page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct CrawlCursor {
    /// The digest of the settings at the start of the crawl.
    pub(super) settings: Uuid,
    /// The tally of the seen documents: that of the first crawl, if this one continues a failed one.
    pub(super) tally: i64,
    /// The value from which the crawl asks for changes; `None` if it asks for all items.
    pub(super) since: Option<String>,
    /// The highest value of the same field that this crawl or earlier ones have seen.
    pub(super) highest: Option<String>,
    /// The entity tag of the first page.
    pub(super) etag: Option<String>,
    /// The pass over the upstream, from 1.
    pub(super) sweep: i32,
    /// The number of the next page, over all sweeps.
    pub(super) position: i64,
    /// The token of the next page; `None` once the sweep has ended.
    #[serde(rename = "place")]
    pub(super) next_page: Option<PageToken>,
    /// Pages of this sweep.
    pub(super) pages: u32,
    /// Items of this sweep: the position in the upstream's list.
    pub(super) received: u64,
    /// Items of the largest page of this sweep.
    pub(super) largest_page: u64,
    /// Documents on the pages of this sweep, without those that shifted from one page to the next.
    pub(super) offered: u64,
    /// The accepted total.
    pub(super) total: Option<i64>,
    /// The total in the last response, which another one has to confirm.
    pub(super) stated_total: Option<i64>,
    /// The number of pages in the last response.
    pub(super) stated_pages: Option<i64>,
    /// The accepted total at the first page of this sweep.
    pub(super) first_total: Option<i64>,
    /// The largest accepted total of this sweep, and of the crawl.
    pub(super) highest_total: (i64, i64),
    /// Responses in a row that stated a total, up to [`MIN_CONFIRMATIONS`].
    #[serde(rename = "witnesses")]
    pub(super) confirmations: u32,
    /// The total changed in this sweep.
    #[serde(rename = "moved")]
    pub(super) total_changed: bool,
    /// The total decreased in this sweep.
    pub(super) total_shrank: bool,
    /// The next page lies behind the total, to detect a total with an upper bound.
    pub(super) past_total: bool,
    /// The last page states others, of which it does not tell how to request them.
    pub(super) promises_more: bool,
    /// Pages of this sweep that new items added while it ran.
    pub(super) added_pages: u32,
    /// The list gains items as fast as they are fetched, so the sweep ended behind its first total.
    pub(super) keeps_growing: bool,
    /// A sweep has reached the end of the upstream.
    pub(super) end_reached: bool,
    /// A page of this sweep stated its next page.
    pub(super) next_found: bool,
    /// A response had the member or header for the total, also without a number.
    pub(super) total_found: bool,
    /// Distinct keys at the end of the previous sweep.
    pub(super) seen_before: Option<i64>,
    /// Complete sweeps in a row without a new key.
    pub(super) barren_sweeps: u32,
    /// Accepted pages in a row that repeat another page.
    pub(super) repeats: u32,
    /// The overlap of the next page with the last one.
    pub(super) overlap: Overlap,
    /// The last page repeats the first one, as some upstreams answer behind the end.
    pub(super) begins_again: bool,
    /// Accepted pages in a row without items.
    pub(super) empty_in_a_row: u32,
    /// Pages of this sweep that could not be fetched, and the last ones of them in a row.
    pub(super) skipped: u32,
    pub(super) skipped_in_a_row: u32,
    /// Items of this sweep that are no documents: rejected ones, and those that the upstream deleted.
    pub(super) absent: u64,
    /// The same of the previous sweep.
    pub(super) absent_before: u64,
    /// Rejected items of this sweep.
    pub(super) rejected: u64,
    /// The error of the first rejected item.
    pub(super) rejection: Option<String>,
    /// A sweep served keys twice.
    pub(super) has_repeated_keys: bool,
    /// The sweep ended a page or more before the last complete one.
    pub(super) early_end: bool,
    /// It ended with a page whose members beside the list no other page has.
    pub(super) unusual_end: bool,
    /// The digests of the members beside the list, of some pages of this sweep.
    pub(super) frames: Vec<u32>,
    /// That of the last page, if it has no items.
    pub(super) end_frame: Option<u32>,
    /// Two different items with one key: the key is wrong, however often a crawl has seen them.
    pub(super) conflict: Option<String>,
    /// The reason to doubt the end of this sweep.
    pub(super) trouble: Option<String>,
    /// The reason to end the crawl early; of a child source, the list.
    pub(super) dead_end: Option<String>,
    /// The upstream has no list for the parent, by the status of its first page.
    pub(super) is_absent: bool,
    /// The parent whose list the sweep reads, and the ended lists; `None` unless the source is a child.
    pub(super) parents: Option<ParentsCursor>,
}

/// The next step of a crawl.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NextStep {
    /// Fetch the next page of the cursor, perhaps in another sweep.
    Fetch(Box<CrawlCursor>),
    /// End the crawl.
    Finish(CrawlEnd),
}

impl CrawlCursor {
    /// Returns the cursor before the first page.
    pub(super) fn start(config: &SourceConfig, crawl: CrawlId, baseline: &Baseline) -> Self {
        let highest = baseline.highest.clone();
        let since = config.since.as_ref().zip(highest.as_deref());
        Self {
            since: since.map(|(since, highest)| since::start(highest, since.overlap)),
            highest,
            ..Self::start_of_sweep(fingerprint(config), Tally::of(crawl).0, 1)
        }
    }

    fn start_of_sweep(settings: Uuid, tally: i64, sweep: i32) -> Self {
        Self { settings, tally, sweep, next_page: Some(PageToken::First), ..Self::default() }
    }

    /// Returns true if the settings are those at the start of the crawl.
    pub(super) fn fits(&self, config: &SourceConfig) -> bool {
        self.settings == fingerprint(config)
    }

    /// Parses the stored cursor of a crawl.
    pub(super) fn of(crawl: &Crawl) -> Option<Self> {
        let mut cursor: Self = serde_json::from_str(crawl.cursor.as_deref()?).ok()?;
        if cursor.tally == 0 {
            // Earlier versions derived it from the crawl.
            cursor.tally = Tally::of(crawl.id).0;
        }
        Some(cursor)
    }

    /// Remembers the members beside the list of a page.
    pub(super) fn note_frame(&mut self, frame: Option<u32>, has_items: bool) {
        self.end_frame = frame.filter(|_| !has_items);
        let Some(frame) = frame.filter(|_| has_items) else { return };
        if self.frames.len() < MAX_FRAMES && !self.frames.contains(&frame) {
            self.frames.push(frame);
        }
    }

    /// Returns true if the empty page at the end looks like no page of this crawl or at the end of the last one.
    ///
    /// Members that differ on each page tell nothing.
    pub(super) fn is_unusual_end(&self, baseline: &Baseline) -> bool {
        let is_known = !self.frames.is_empty() && self.frames.len() < MAX_FRAMES;
        let usual = baseline.complete.and_then(|pass| pass.end_frame);
        self.end_frame.is_some_and(|frame| is_known && !self.frames.contains(&frame) && usual != Some(frame))
    }

    /// Returns true if the sweep has received as many items as a total states.
    pub(super) fn reaches(&self, total: i64) -> bool {
        i128::from(self.received) >= i128::from(total)
    }

    /// Returns true if the sweep has received as many items as the accepted total.
    pub(super) fn reaches_total(&self) -> bool {
        self.total.is_some_and(|total| self.reaches(total))
    }

    /// Returns true if the accepted total states more items than the sweep has received.
    pub(super) fn is_below_total(&self) -> bool {
        self.total.is_some_and(|total| !self.reaches(total))
    }

    pub(super) fn confirm_total(&mut self) {
        self.confirmations = (self.confirmations + 1).min(MIN_CONFIRMATIONS);
    }

    /// Returns true if enough responses in a row stated the total.
    pub(super) fn is_total_confirmed(&self) -> bool {
        self.total.is_some() && self.confirmations >= MIN_CONFIRMATIONS
    }

    /// Returns the tokens of the pages after the next one that the list surely has, at most `most`.
    pub(super) fn tokens_ahead(&self, config: &SourceConfig, most: usize) -> Vec<PageToken> {
        let (Some(token), Some(size)) = (&self.next_page, config.pagination.size().map(u64::from)) else {
            return Vec::new();
        };
        // Servers cap page sizes.
        let size = if self.largest_page == 0 { size } else { size.min(self.largest_page) };
        let missing =
            |total: i64| u64::try_from(total).unwrap_or(0).saturating_sub(self.received).div_ceil(size);
        let by_pages = |pages: i64| u64::try_from(pages).unwrap_or(0).saturating_sub(u64::from(self.pages));
        let pages = self.total.map(missing).or(self.stated_pages.map(by_pages)).unwrap_or(0);
        let pages = usize::try_from(pages.saturating_sub(1)).unwrap_or(usize::MAX);
        tokens_after(&config.pagination, token, size, pages.min(most))
    }

    /// Decides on the next step of the crawl.
    pub(super) fn next_step(
        &self,
        crawl: &Crawl,
        baseline: &Baseline,
        config: &SourceConfig,
        now: Timestamp,
    ) -> NextStep {
        if self.is_complete(crawl, baseline) {
            return NextStep::Finish(self.completed(crawl, baseline, config));
        }
        if let Some(error) = &self.dead_end {
            return incomplete(error.clone());
        }
        let elapsed = (now - crawl.started_at).to_std().unwrap_or_default();
        if elapsed > config.max_duration {
            return failed(format!(
                "the crawl took longer than {} s (max_duration)",
                config.max_duration.as_secs()
            ));
        }
        if self.next_page.is_none() {
            return self.after_sweep(crawl, config);
        }
        if self.pages >= config.max_pages {
            return failed(format!("a sweep has more than {} pages (max_pages)", config.max_pages));
        }
        NextStep::Fetch(Box::new(self.clone()))
    }

    /// Returns true once the crawl has seen every key of the upstream.
    ///
    /// The stated total is the proof, however the paging ended. Without one, the crawl has to reach the end in
    /// a sweep without any doubt.
    fn is_complete(&self, crawl: &Crawl, baseline: &Baseline) -> bool {
        // A promise of further items contradicts a total that is reached.
        if self.is_mostly_rejected() || self.promises_more {
            return false;
        }
        let has_ended = self.next_page.is_none() && self.dead_end.is_none();
        let Some(total) = self.total else {
            let is_doubtful = self.trouble.is_some() || self.early_end || self.saw_keys_twice(crawl);
            return has_ended && !is_doubtful;
        };
        if !self.is_total_confirmed() || !(self.end_reached || self.dead_end.is_some()) {
            return false;
        }
        let found = self.found(crawl);
        let (highest_of_sweep, highest) = self.highest_total;
        let is_settled = self.sweep > 1 && !self.total_shrank && found >= highest_of_sweep;
        let has_kept_up = self.keeps_growing && self.first_total.is_some_and(|first| found >= first);
        found >= highest
            || has_ended && (is_settled || has_kept_up)
            || has_ended && self.early_end_is_known(total - found, baseline)
    }

    /// Returns true if the total is wrong by as much as in the previous crawl, which reported it.
    fn early_end_is_known(&self, missing: i64, baseline: &Baseline) -> bool {
        baseline.discrepancy == Some(missing) && self.repeats == 0 && !self.early_end
    }

    /// Returns the number of the upstream's items that the crawl has seen.
    fn found(&self, crawl: &Crawl) -> i64 {
        let absent = self.absent.max(self.absent_before);
        crawl.documents_seen.saturating_add(i64::try_from(absent).unwrap_or(i64::MAX))
    }

    /// Returns true if most items of a list do not fit the mapping.
    fn is_mostly_rejected(&self) -> bool {
        // The lists of parents may be short, so they are judged together.
        self.parents.is_none() && are_mostly_rejected(self.rejected, self.received)
    }

    /// Returns true if a pass served a key twice: it was no walk over a list.
    ///
    /// Only the first sweep counts each key once, so the later ones remember its finding.
    fn saw_keys_twice(&self, crawl: &Crawl) -> bool {
        self.has_repeated_keys || self.sweep == 1 && !self.total_shrank && self.offered > seen(crawl)
    }

    /// Returns the difference between the stated total and the items that every sweep saw.
    ///
    /// `None` unless the last sweep of a crawl saw exactly what the crawl had seen before, or all of a larger
    /// list than stated.
    pub(super) fn discrepancy(&self, crawl: &Crawl) -> Option<i64> {
        let missing = self.total? - self.found(crawl);
        let is_conclusive = crawl.state == CrawlState::Completed || self.is_barren(crawl);
        (missing != 0 && self.next_page.is_none() && self.dead_end.is_none() && is_conclusive)
            .then_some(missing)
    }

    fn is_barren(&self, crawl: &Crawl) -> bool {
        !self.total_changed && self.seen_before == Some(crawl.documents_seen)
    }

    fn completed(&self, crawl: &Crawl, baseline: &Baseline, config: &SourceConfig) -> CrawlEnd {
        // What has not changed since then was not seen, and is no less there.
        let sweep_vanished = self.since.is_none().then(|| self.removal(crawl, baseline, config));
        let error = self.describe_findings(crawl, baseline);
        CrawlEnd { state: CrawlState::Completed, error, sweep_vanished }
    }

    /// Returns the rule by which a complete crawl removes documents.
    fn removal(&self, crawl: &Crawl, baseline: &Baseline, config: &SourceConfig) -> SweepVanished {
        let (max_share, missed_since) = if crawl.allow_shrink {
            // The operator has accepted what is missing.
            (1.0, Some(Tally(self.tally)))
        } else {
            (config.max_shrink, baseline.complete_tally)
        };
        SweepVanished {
            tally: Tally(self.tally),
            missed_since,
            max_share,
            max_count: config.max_shrink_count,
        }
    }

    /// Decides on the step after a sweep that did not complete the crawl.
    fn after_sweep(&self, crawl: &Crawl, config: &SourceConfig) -> NextStep {
        let is_barren = self.is_barren(crawl);
        let barren_sweeps = if is_barren { self.barren_sweeps + 1 } else { 0 };
        let has_repeated_keys = self.saw_keys_twice(crawl);
        // A sweep that saw all of them again leaves nothing to find to the next.
        let saw_all_again = is_barren && self.offered >= seen(crawl);
        if self.is_mostly_rejected() || self.skipped > 0 {
            return incomplete(self.describe_missing(crawl));
        }
        if barren_sweeps >= MAX_BARREN_SWEEPS || saw_all_again && !has_repeated_keys {
            return incomplete(format!("{}; further sweeps found no new key", self.describe_missing(crawl)));
        }
        if u32::try_from(self.sweep).unwrap_or(0) >= config.max_sweeps {
            let sweeps = config.max_sweeps;
            return incomplete(format!("{}, in {sweeps} sweeps (max_sweeps)", self.describe_missing(crawl)));
        }
        NextStep::Fetch(Box::new(Self {
            since: self.since.clone(),
            highest: self.highest.clone(),
            position: self.position,
            total: self.total,
            stated_total: self.stated_total,
            first_total: self.total,
            highest_total: (self.total.unwrap_or(0), self.highest_total.1),
            confirmations: self.confirmations,
            total_found: self.total_found,
            end_reached: self.end_reached,
            promises_more: self.promises_more,
            seen_before: Some(crawl.documents_seen),
            barren_sweeps,
            absent_before: self.absent,
            has_repeated_keys,
            conflict: self.conflict.clone(),
            parents: self.parents.clone(),
            ..Self::start_of_sweep(self.settings, self.tally, self.sweep + 1)
        }))
    }
}

fn incomplete(error: String) -> NextStep {
    NextStep::Finish(CrawlEnd { state: CrawlState::Incomplete, error: Some(error), sweep_vanished: None })
}

fn failed(error: String) -> NextStep {
    NextStep::Finish(failure(error))
}

/// Returns the end of a crawl of a list that has not changed.
pub(super) fn unmodified() -> CrawlEnd {
    let note = "the list has not changed since the last crawl: the upstream confirmed its ETag".to_owned();
    CrawlEnd { state: CrawlState::Completed, error: Some(note), sweep_vanished: None }
}

/// Returns the end of a failed crawl.
pub(super) fn failure(error: String) -> CrawlEnd {
    CrawlEnd { state: CrawlState::Failed, error: Some(error), sweep_vanished: None }
}

/// Returns a digest of the settings that define the requests and the mapping.
fn fingerprint(config: &SourceConfig) -> Uuid {
    let SourceConfig { format, items, fields, errors, stop, since, .. } = config;
    let settings =
        format!("{} {:?}", config.request_identity(), (format, items, fields, errors, stop, since));
    Uuid::new_v5(&Uuid::NAMESPACE_OID, settings.as_bytes())
}

#[cfg(test)]
mod tests;
