//! The decision on a fetched page: accept it, retry, or fail. Pure.
//!
//! A single response is never enough to restart a count, to end an upstream without a total, or to prove
//! that it is empty: a suspect response is retried. Each suspicion has a small budget of its own; once it
//! is exhausted, the page is accepted as it is, and the count of distinct keys detects missing items.

use std::collections::{HashMap, HashSet};

use super::cursor::{CrawlCursor, grouped};
use super::pagination::{PageToken, SweepProgress, token_after};
use super::upstream::{FetchError, NextPage};
use quarry_config::{Pagination, SourceConfig};

/// Responses in a row without any key that fail the crawl: the mapping is wrong.
const KEYLESS_RESPONSES: u32 = 3;
/// Responses with invalid items after which the page is accepted without these items.
const INVALID_RESPONSES: u32 = 3;
/// Responses that each state another total, after which the latest total is accepted.
const DIFFERING_TOTALS: u32 = 4;
/// Retries of a page that repeats another page.
const REPEATED_RESPONSES: u32 = 5;
/// Repeated pages in a row that end the crawl: the upstream serves no others.
const REPEATED_PAGES: u32 = 3;
/// Retries of a page that ends the sweep below the stated total.
const EARLY_ENDS: u32 = 5;
/// Retries of a page whose next page was fetched already.
const LOOPS: u32 = 2;
/// Responses with differing ends of the sweep, after which the latest end is accepted.
const DIFFERING_ENDS: u32 = 3;

/// The facts of a fetched page that decide on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PageFacts {
    /// Items on the page.
    pub(super) items: u64,
    /// The digest of the items' keys, in order.
    pub(super) hash: String,
    /// Invalid items.
    pub(super) rejected: u64,
    /// Invalid items without a key.
    pub(super) keyless: u64,
    /// The error of the first invalid item.
    pub(super) rejection: Option<String>,
    /// Items whose key an earlier item of the page has with other content.
    pub(super) conflicts: u64,
    /// The description of the first such item.
    pub(super) conflict: Option<String>,
    /// The total that the page states.
    pub(super) total: Option<i64>,
    /// The next page that the page states.
    pub(super) next: Option<NextPage>,
}

/// The accepted pages of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SweepHistory {
    /// The positions of the pages by the digest of their keys.
    pub(super) pages: HashMap<String, i64>,
    /// The tokens of the pages.
    pub(super) tokens: HashSet<PageToken>,
}

/// Counters of the suspect responses for one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SuspectResponses {
    keyless: u32,
    invalid: u32,
    repeated: u32,
    empty: u32,
    early_ends: u32,
    loops: u32,
    differing_totals: u32,
    other_total: Option<i64>,
    differing_ends: u32,
    end: Option<(Option<i64>, String)>,
}

/// The decision on a page.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Request the page again, for this reason.
    Retry(String),
    /// Store the page and continue.
    Accept {
        /// The cursor after the page.
        after: Box<CrawlCursor>,
        /// The page starts a new count of distinct keys.
        restart: bool,
    },
    /// End the crawl with this error.
    Fail(String),
}

/// Decides on a response for the next page of the cursor.
pub(super) fn judge(
    cursor: &CrawlCursor,
    page: &PageFacts,
    history: &SweepHistory,
    suspects: &mut SuspectResponses,
    pagination: &Pagination,
) -> Verdict {
    if page.items > 0 && page.keyless == page.items {
        return suspects.judge_keyless(page);
    }
    suspects.keyless = 0;
    let suspicion = suspects
        .invalid_items(page)
        .or_else(|| suspects.other_total(cursor, page))
        .or_else(|| suspects.repeated_page(page, history));
    if let Some(reason) = suspicion {
        return Verdict::Retry(reason);
    }
    let (mut after, restart) = advance(cursor, page, history, pagination);
    let is_loop = leads_back(after.next_page.as_ref(), cursor, history);
    let suspicion = suspects
        .empty_page(page, &after)
        .or_else(|| suspects.page_loop(is_loop))
        .or_else(|| suspects.early_end(&after))
        .or_else(|| suspects.unconfirmed_end(page, &mut after));
    match suspicion {
        Some(reason) => Verdict::Retry(reason),
        None => Verdict::Accept { after: Box::new(after), restart },
    }
}

/// Each method counts one suspicion, and returns it until its budget is exhausted.
impl SuspectResponses {
    fn judge_keyless(&mut self, page: &PageFacts) -> Verdict {
        self.keyless += 1;
        let reason = page.rejection.as_deref().unwrap_or("no key");
        if self.keyless < KEYLESS_RESPONSES {
            return Verdict::Retry(format!("none of {} items has a key: {reason}", page.items));
        }
        Verdict::Fail(format!("no item of a page has a key, check fields.key: {reason}"))
    }

    fn invalid_items(&mut self, page: &PageFacts) -> Option<String> {
        if page.rejected == 0 {
            return None;
        }
        self.invalid += 1;
        let reason = page.rejection.as_deref().unwrap_or_default();
        (self.invalid < INVALID_RESPONSES)
            .then(|| format!("{} of {} items are invalid: {reason}", page.rejected, page.items))
    }

    fn other_total(&mut self, cursor: &CrawlCursor, page: &PageFacts) -> Option<String> {
        let (Some(known), Some(stated)) = (cursor.total, page.total) else { return None };
        if stated == known {
            self.other_total = None;
            return None;
        }
        if self.other_total == Some(stated) {
            return None;
        }
        self.other_total = Some(stated);
        self.differing_totals += 1;
        (self.differing_totals < DIFFERING_TOTALS)
            .then(|| format!("states a total of {} after {}: retried", grouped(stated), grouped(known)))
    }

    fn repeated_page(&mut self, page: &PageFacts, history: &SweepHistory) -> Option<String> {
        let earlier = history.pages.get(&page.hash).filter(|_| page.items > 0)?;
        self.repeated += 1;
        (self.repeated <= REPEATED_RESPONSES)
            .then(|| format!("repeated page: the same items as page {earlier}"))
    }

    fn empty_page(&mut self, page: &PageFacts, after: &CrawlCursor) -> Option<String> {
        if page.items > 0 || after.next_page.is_none() {
            return None;
        }
        self.empty += 1;
        (self.empty == 1).then(|| "empty page before the end: retried".to_owned())
    }

    fn page_loop(&mut self, is_loop: bool) -> Option<String> {
        self.loops += u32::from(is_loop);
        (is_loop && self.loops <= LOOPS).then(|| "leads back to a page that was already fetched".to_owned())
    }

    fn early_end(&mut self, after: &CrawlCursor) -> Option<String> {
        let total = after.total.filter(|_| after.next_page.is_none())?;
        if i128::from(after.received) >= i128::from(total) {
            return None;
        }
        self.early_ends += 1;
        let received = grouped(i64::try_from(after.received).unwrap_or(i64::MAX));
        (self.early_ends <= EARLY_ENDS)
            .then(|| format!("ends after {received} items of {} stated", grouped(total)))
    }

    /// Confirms an end if enough responses stated the total, or if two in a row end in the same way.
    fn unconfirmed_end(&mut self, page: &PageFacts, after: &mut CrawlCursor) -> Option<String> {
        let is_known = page.items > 0 && after.is_total_confirmed();
        if after.next_page.is_some() || after.dead_end.is_some() || is_known {
            return None;
        }
        let end = (page.total, page.hash.clone());
        if self.end.as_ref() == Some(&end) {
            if page.total.is_some() {
                after.confirm_total();
            }
            return None;
        }
        self.end = Some(end);
        self.differing_ends += 1;
        if self.differing_ends < DIFFERING_ENDS {
            return Some("may be the end: retried".to_owned());
        }
        after.trouble = Some("the upstream ends differently in each response".to_owned());
        None
    }
}

fn leads_back(next: Option<&PageToken>, cursor: &CrawlCursor, history: &SweepHistory) -> bool {
    next.is_some_and(|next| Some(next) == cursor.next_page.as_ref() || history.tokens.contains(next))
}

/// Returns the cursor after the page, and true if the page starts a new count.
fn advance(
    cursor: &CrawlCursor,
    page: &PageFacts,
    history: &SweepHistory,
    pagination: &Pagination,
) -> (CrawlCursor, bool) {
    let mut after = cursor.clone();
    let token = cursor.next_page.clone().unwrap_or(PageToken::First);
    after.position += 1;
    after.pages += 1;
    after.starts_count = false;
    after.rejected += page.rejected;
    after.rejection = after.rejection.or_else(|| page.rejection.clone());
    let total_changed = update_total(&mut after, page.total);
    let restart = total_changed || cursor.starts_count;
    if total_changed && !cursor.starts_count {
        restart_count(&mut after);
    }
    if page.items > 0 && history.pages.contains_key(&page.hash) {
        count_repeated(&mut after, cursor.position);
    } else {
        after.repeats = 0;
    }
    let progress = SweepProgress { items: page.items, received: cursor.received, total: after.total };
    after.next_page = token_after(pagination, &token, progress, page.next.as_ref());
    after.received = cursor.received.saturating_add(page.items);
    if leads_back(after.next_page.as_ref(), cursor, history) {
        let error = format!(
            "the pages never end: page {} leads back to a page that was already fetched",
            cursor.position
        );
        after.dead_end.get_or_insert(error);
    }
    if after.next_page.is_none() {
        after.end_reached = true;
        if after.total.is_some_and(|total| i128::from(after.received) < i128::from(total)) {
            after.trouble.get_or_insert_with(|| "the upstream ended before its total was reached".to_owned());
        }
    }
    (after, restart)
}

/// Updates the total to the stated one, and returns true if it changed.
fn update_total(after: &mut CrawlCursor, stated: Option<i64>) -> bool {
    let Some(stated) = stated else { return false };
    let is_change = after.total.is_some_and(|known| known != stated);
    if is_change {
        // Two responses stated it: the first one was retried.
        after.confirmations = 0;
        after.confirm_total();
    }
    after.total = Some(stated);
    after.confirm_total();
    is_change
}

fn restart_count(after: &mut CrawlCursor) {
    if !after.can_restart() {
        after.dead_end = Some(format!("the stated total changed {} times", after.restarts));
        return;
    }
    after.restarts += 1;
    after.end_reached = false;
    after.total_changed = true;
    after.barren_sweeps = 0;
}

fn count_repeated(after: &mut CrawlCursor, position: i64) {
    after.repeats += 1;
    after.trouble = Some(format!("page {position} repeats another page of its sweep"));
    if after.repeats >= REPEATED_PAGES {
        let error = "the upstream serves the same page again and again: check the paging parameters";
        after.dead_end.get_or_insert(error.to_owned());
    }
}

/// The failed requests for one page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FailureCounters {
    /// All failures.
    pub(super) all: u32,
    /// Failures by a refusal of the upstream.
    pub(super) refused: u32,
}

impl FailureCounters {
    /// Counts a failure, and returns an error once the budget is exhausted.
    pub(super) fn count(&mut self, error: &FetchError, page: &str, config: &SourceConfig) -> Option<String> {
        self.all += 1;
        self.refused += u32::from(error.is_refusal);
        if self.all >= config.max_attempts {
            let attempts = self.all;
            return Some(format!(
                "{page} could not be fetched in {attempts} attempts; the last cause: {error}"
            ));
        }
        if self.refused > config.max_refusals {
            let refusals = self.refused;
            return Some(format!("{page} was refused {refusals} times; the last cause: {error}"));
        }
        None
    }
}

#[cfg(test)]
mod tests;
