//! Suspect responses: each is retried until the budget of its suspicion is exhausted.

use super::{PageContext, PageFacts, Verdict};
use crate::cursor::CrawlCursor;
use crate::grouped::grouped;
use crate::upstream::Stated;

/// Responses in a row without any key that fail the crawl: the mapping is wrong.
const KEYLESS_RESPONSES: u32 = 3;
/// Responses with rejected items after which the page is accepted without these items.
const INVALID_RESPONSES: u32 = 3;
/// Responses with two different items of one key after which one of them is stored.
const CONFLICTING_RESPONSES: u32 = 2;
/// Retries of a page whose body states an error beside its items.
const ERROR_BODIES: u32 = 6;
/// Responses that each state another total, after which the page is accepted.
const DIFFERING_TOTALS: u32 = 4;
/// Retries of a page that repeats another page.
const REPEATED_RESPONSES: u32 = 5;
/// Retries of a page that repeats the last one behind the end.
const CLAMPED_RESPONSES: u32 = 2;
/// Retries of a page that ends the sweep too early.
const EARLY_ENDS: u32 = 5;
/// Retries of a page whose next page was fetched already.
const LOOPS: u32 = 2;
/// Retries of a full page that lacks a next page.
const LOST_NEXTS: u32 = 3;
/// Responses with differing ends of the sweep, after which the latest end is accepted.
const DIFFERING_ENDS: u32 = 3;

/// Counters of the suspect responses for one page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SuspectResponses {
    keyless: u32,
    errors: u32,
    invalid: u32,
    conflicts: u32,
    repeated: u32,
    empty: u32,
    early_ends: u32,
    loops: u32,
    lost_nexts: u32,
    differing_totals: u32,
    implausible_total: Option<i64>,
    total: Option<i64>,
    differing_ends: u32,
    end: Option<(Stated<i64>, String)>,
}

/// Each method counts one suspicion, and returns it until its budget is exhausted.
impl SuspectResponses {
    /// Remembers the total of a response, and returns that of the one before it.
    pub(super) fn note_total(&mut self, page: &PageFacts) -> Option<i64> {
        let previous = self.total;
        if let Stated::Value(total) = page.total {
            self.total = Some(total);
        }
        previous
    }

    pub(super) fn judge_keyless(&mut self, page: &PageFacts) -> Verdict {
        self.keyless += 1;
        let reason = page.rejection.as_deref().unwrap_or("no key");
        if self.keyless < KEYLESS_RESPONSES {
            return Verdict::Retry(format!("none of {} items has a key: {reason}", page.items));
        }
        Verdict::Fail(format!("no item of a page has a key, check fields.key: {reason}"))
    }

    pub(super) fn reset_keyless(&mut self) {
        self.keyless = 0;
    }

    pub(super) fn error_body(&mut self, page: &PageFacts) -> Option<String> {
        let error = page.error.as_ref()?;
        self.errors += 1;
        (self.errors <= ERROR_BODIES).then(|| error.clone())
    }

    pub(super) fn invalid_items(&mut self, page: &PageFacts) -> Option<String> {
        if page.rejected == 0 {
            return None;
        }
        self.invalid += 1;
        let reason = page.rejection.as_deref().unwrap_or_default();
        (self.invalid < INVALID_RESPONSES)
            .then(|| format!("{} of {} items are invalid: {reason}", page.rejected, page.items))
    }

    pub(super) fn conflicting_items(&mut self, page: &PageFacts) -> Option<String> {
        let conflict = page.conflict.as_ref()?;
        self.conflicts += 1;
        (self.conflicts < CONFLICTING_RESPONSES).then(|| conflict.clone())
    }

    /// Doubts a total that differs by more than a page or a tenth: live lists change by less.
    pub(super) fn implausible_total(&mut self, context: PageContext<'_>, page: &PageFacts) -> Option<String> {
        let (Some(known), Stated::Value(stated)) = (context.cursor.total, &page.total) else { return None };
        let tolerance = context.page_size().max(known.unsigned_abs() / 10);
        let last = context.cursor.stated_total.unwrap_or(known);
        if stated.abs_diff(known).min(stated.abs_diff(last)) <= tolerance {
            self.implausible_total = None;
            return None;
        }
        let is_confirmed = self.implausible_total.replace(*stated) == Some(*stated);
        self.differing_totals += 1;
        (!is_confirmed && self.differing_totals < DIFFERING_TOTALS)
            .then(|| format!("states a total of {} after {}: retried", grouped(*stated), grouped(known)))
    }

    pub(super) fn repeated_page(&mut self, context: PageContext<'_>, page: &PageFacts) -> Option<String> {
        if page.items == 0 || context.cursor.overlap.may_repeat() {
            return None;
        }
        let earlier = context.history.pages.get(&page.hash)?;
        self.repeated += 1;
        let is_behind_end =
            context.repeats_last_page(page) || context.begins_again(page) || context.has_begun_again(page);
        let budget = if is_behind_end { CLAMPED_RESPONSES } else { REPEATED_RESPONSES };
        (self.repeated <= budget).then(|| format!("repeated page: the same items as page {earlier}"))
    }

    pub(super) fn empty_page(&mut self, page: &PageFacts, after: &CrawlCursor) -> Option<String> {
        if page.items > 0 || after.next_page.is_none() {
            return None;
        }
        self.empty += 1;
        (self.empty == 1).then(|| "empty page before the end: retried".to_owned())
    }

    pub(super) fn page_loop(&mut self, is_loop: bool) -> Option<String> {
        self.loops += u32::from(is_loop);
        (is_loop && self.loops <= LOOPS).then(|| "leads back to a page that was already fetched".to_owned())
    }

    /// Doubts a full page without the next page that others state, or that the settings promise.
    pub(super) fn lost_next(
        &mut self,
        context: PageContext<'_>,
        page: &PageFacts,
        after: &mut CrawlCursor,
    ) -> Option<String> {
        let is_promised = page.has_more == Some(true) || page.items > 0 && page.items >= context.page_size();
        let is_lost = page.next == Stated::Absent && after.next_page.is_none() && is_promised;
        let is_whole = after.reaches_total() && page.has_more != Some(true);
        if context.config.pagination.is_by_position() || is_whole || page.is_end || !is_lost {
            return None;
        }
        self.lost_nexts += 1;
        if self.lost_nexts <= LOST_NEXTS {
            let promise = if page.has_more == Some(true) { "promises more items" } else { "is full" };
            return Some(format!("a page of {} items {promise} without a next page: retried", page.items));
        }
        if !after.next_found || page.has_more == Some(true) {
            after.promises_more = page.has_more == Some(true);
            let position = context.cursor.position;
            after.trouble.get_or_insert_with(|| match page.has_more {
                Some(true) => format!(
                    "page {position} states that more items follow, but no page states the next one: check `pagination`"
                ),
                _ => format!("no page states the next one, though page {position} is full: check `pagination`"),
            });
        }
        None
    }

    /// Doubts an end below the total, or before the end of the last complete crawl.
    pub(super) fn early_end(
        &mut self,
        context: PageContext<'_>,
        page: &PageFacts,
        after: &CrawlCursor,
    ) -> Option<String> {
        if after.next_page.is_some() || after.keeps_growing {
            return None;
        }
        let received = i64::try_from(after.received).unwrap_or(i64::MAX);
        let expected = match after.total {
            Some(total) if context.baseline.discrepancy == Some(total - received) => return None,
            Some(total) if received < total => format!("{} stated", grouped(total)),
            None if after.early_end => "more in the last complete crawl".to_owned(),
            _ => return None,
        };
        self.early_ends += 1;
        // The end of the first sweep has been seen often enough.
        let budget = if after.sweep > 1 { 1 } else { EARLY_ENDS };
        self.end = Some((page.total.clone(), page.hash.clone()));
        (self.early_ends <= budget).then(|| format!("ends after {} items of {expected}", grouped(received)))
    }

    /// Confirms an end if enough responses stated the total, or if two in a row end in the same way.
    pub(super) fn unconfirmed_end(&mut self, page: &PageFacts, after: &mut CrawlCursor) -> Option<String> {
        let is_known = after.reaches_total() && after.is_total_confirmed();
        if after.parents.is_some() && is_stated_end(page, after) {
            // A second request for each of many short lists would double the requests of a crawl.
            after.confirm_total();
            after.confirm_total();
            return None;
        }
        if after.next_page.is_some() || after.dead_end.is_some() || page.is_end || is_known {
            return None;
        }
        let end = (page.total.clone(), page.hash.clone());
        if self.end.as_ref() == Some(&end) {
            if matches!(page.total, Stated::Value(_)) {
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

/// Returns true if a page with items states that it is the last one.
///
/// Two passes have to miss a document before it is removed, and an error rarely looks like that.
fn is_stated_end(page: &PageFacts, after: &CrawlCursor) -> bool {
    let is_last = page.has_more == Some(false) || page.next == Stated::Empty || after.reaches_total();
    page.items > 0 && is_last && after.next_page.is_none() && after.trouble.is_none()
}
