//! The decision on a fetched page: accept it, retry, or fail. Pure.
//!
//! A single response is never enough to change a total, to end an upstream without a total, or to prove
//! that it is empty: a suspect response is retried. Each suspicion has a small budget of its own; once it
//! is exhausted, the page is accepted as it is, and the crawl reports the doubt and removes nothing.

mod advance;
mod failures;
mod overlap;
mod suspects;
mod wrap;

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

pub(super) use self::advance::after_skipped;
use self::advance::{advance, leads_back};
pub(super) use self::failures::{FailureCounters, is_absent_status, is_end_failure};
pub(super) use self::suspects::SuspectResponses;
use super::baseline::Baseline;
use super::cursor::CrawlCursor;
use super::pagination::PageToken;
use super::upstream::{NextPage, Stated};
use quarry_config::{OnReject, SourceConfig};

/// The facts of a fetched page that decide on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PageFacts {
    /// Items on the page.
    pub(super) items: u64,
    /// The digest of the items' keys, in order.
    pub(super) hash: String,
    /// The documents of the items in order, each once.
    pub(super) documents: Vec<Uuid>,
    /// Rejected items.
    pub(super) rejected: u64,
    /// Rejected items without a key.
    pub(super) keyless: u64,
    /// Items that the upstream states as deleted.
    pub(super) deleted: u64,
    /// The error of the first rejected item.
    pub(super) rejection: Option<String>,
    /// The highest value of the field by which a crawl asks for changes, of this page and those before it.
    pub(super) highest: Option<String>,
    /// Two different items with one key.
    pub(super) conflict: Option<String>,
    /// The total that the page states.
    pub(super) total: Stated<i64>,
    /// The number of pages that the page states.
    pub(super) pages: Option<i64>,
    /// The next page that the page states.
    pub(super) next: Stated<NextPage>,
    /// The page states that others follow it, or that none does.
    pub(super) has_more: Option<bool>,
    /// The error that the body states beside its items.
    pub(super) error: Option<String>,
    /// A digest of the members of the body beside its items.
    pub(super) frame: Option<u32>,
    /// The entity tag of the page.
    pub(super) etag: Option<String>,
    /// The upstream has answered the end of the list with a status.
    pub(super) is_end: bool,
    /// It has done so for the first page: there is no list.
    pub(super) is_absent: bool,
}

impl PageFacts {
    /// Creates the facts of a response that ends the list with its status.
    pub(super) fn end(status: u16) -> Self {
        Self { hash: format!("status {status}"), is_end: true, ..Self::default() }
    }
}

/// The accepted pages of a sweep.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SweepHistory {
    /// The positions of the pages by the digest of their keys.
    pub(super) pages: HashMap<String, i64>,
    /// The tokens of the pages.
    pub(super) tokens: HashSet<PageToken>,
    /// The documents of the last page; empty after a resumption.
    pub(super) documents: Vec<Uuid>,
}

/// The crawl around a page.
#[derive(Clone, Copy)]
pub(super) struct PageContext<'a> {
    /// The cursor before the page.
    pub(super) cursor: &'a CrawlCursor,
    pub(super) history: &'a SweepHistory,
    pub(super) baseline: &'a Baseline,
    pub(super) config: &'a SourceConfig,
}

impl PageContext<'_> {
    /// Returns the number of items of a full page: servers may cap the configured size.
    fn page_size(&self) -> u64 {
        let size = self.config.pagination.size().map_or(u64::MAX, u64::from);
        if self.cursor.largest_page == 0 { size } else { size.min(self.cursor.largest_page) }
    }

    /// Returns true if the page repeats the one before it, behind the end of a list.
    ///
    /// Some upstreams serve their last page for every position behind it. A second page like a full first one
    /// means that the upstream ignores the position.
    fn repeats_last_page(&self, page: &PageFacts) -> bool {
        let is_next = self.history.pages.get(&page.hash) == Some(&(self.cursor.position - 1));
        let is_after_more =
            self.cursor.repeats == 0 && (self.history.pages.len() >= 2 || page.items < self.page_size());
        let is_open = !self.cursor.is_below_total();
        self.config.pagination.is_by_position() && page.items > 0 && is_next && is_after_more && is_open
    }
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
    },
    /// End the crawl with this error.
    Fail(String),
}

/// Decides on a response for the next page of the cursor.
pub(super) fn judge(context: PageContext<'_>, page: &PageFacts, suspects: &mut SuspectResponses) -> Verdict {
    let previous_total = suspects.note_total(page);
    if page.items > 0 && page.keyless == page.items {
        return suspects.judge_keyless(page);
    }
    suspects.reset_keyless();
    let suspicion = suspects
        .error_body(page)
        .or_else(|| suspects.invalid_items(page))
        .or_else(|| suspects.conflicting_items(page))
        .or_else(|| suspects.implausible_total(context, page))
        .or_else(|| suspects.repeated_page(context, page));
    if let Some(reason) = suspicion {
        return Verdict::Retry(reason);
    }
    if let Some(reason) = page.rejection.as_ref().filter(|_| context.config.on_reject == OnReject::Fail) {
        return Verdict::Fail(format!("an item was rejected (on_reject = \"fail\"): {reason}"));
    }
    let mut after = advance(context, page, previous_total);
    let is_loop = leads_back(after.next_page.as_ref(), context);
    let suspicion = suspects
        .empty_page(page, &after)
        .or_else(|| suspects.page_loop(is_loop))
        .or_else(|| suspects.lost_next(context, page, &mut after))
        .or_else(|| suspects.early_end(context, page, &after))
        .or_else(|| suspects.unconfirmed_end(page, &mut after));
    match suspicion {
        Some(reason) => Verdict::Retry(reason),
        None => Verdict::Accept { after: Box::new(after) },
    }
}

#[cfg(test)]
mod tests;
