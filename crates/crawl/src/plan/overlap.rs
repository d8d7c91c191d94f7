//! The overlap of pages by offset without a total: each begins with the last item of the page before it.
//!
//! If items are removed before the next offset while a crawl runs, later ones move to pages that were read. The
//! stated total shows that; without one, a page that begins with another item does.

use super::{PageContext, PageFacts};
use crate::cursor::CrawlCursor;
use crate::pagination::PageToken;
use quarry_config::Pagination;
use uuid::Uuid;

/// The smallest page that overlaps: one item of fewer would cost too many requests.
const LEAST_PAGE: u64 = 5;
/// Shifts of a sweep, beside one for each few pages, after which its pages no longer overlap.
const SHIFTS: u32 = 3;
const PAGES_PER_SHIFT: u32 = 4;

/// The reason to doubt a sweep over a list whose items change places.
const UNSTABLE_ORDER: &str = "a page has items of the one before it in another order: add a parameter for a stable \
                              order to `url`";

/// The relation of a page to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Continuity {
    /// The page was requested without an overlap.
    Unknown,
    /// It has the item of the overlap.
    Continuous,
    /// It lacks that item: the list has shifted.
    Shifted,
    /// It is an earlier page: the upstream rounds offsets.
    Rounded,
}

impl PageContext<'_> {
    /// Relates a page to the one before it.
    pub(super) fn continuity(&self, page: &PageFacts) -> Continuity {
        // An error proves nothing about the list.
        let is_list = !page.is_end && page.error.is_none();
        let Some(tail) = self.cursor.overlap.tail.filter(|_| is_list) else { return Continuity::Unknown };
        if page.documents.first() == Some(&tail) {
            return Continuity::Continuous;
        }
        if page.items > 0 && self.history.pages.contains_key(&page.hash) {
            return Continuity::Rounded;
        }
        // New items before the offset move it to the middle.
        if page.documents.contains(&tail) { Continuity::Continuous } else { Continuity::Shifted }
    }

    /// Lets the next page overlap a full one by one item.
    pub(super) fn overlap_next(&self, page: &PageFacts, after: &mut CrawlCursor) {
        let is_plain = page.documents.len() as u64 == page.items && after.repeats == 0;
        let is_full = page.items >= LEAST_PAGE && page.items >= self.page_size().min(after.largest_page);
        let has_total = after.total.is_some() || after.stated_pages.is_some();
        after.overlap.rereads = false;
        after.overlap.tail = None;
        if !is_plain || !is_full || has_total || after.overlap.is_refused {
            return;
        }
        if let (Pagination::Offset { .. }, Some(PageToken::Offset(offset))) =
            (&self.config.pagination, after.next_page.as_mut())
        {
            *offset -= 1;
            after.overlap.tail = page.documents.last().copied();
        }
    }

    /// Continues behind a page that does not begin where the one before it ended.
    ///
    /// The items between are read again: at most as many as a page has may have moved.
    pub(super) fn read_again(&self, page: &PageFacts, continuity: Continuity, after: &mut CrawlCursor) {
        let Some(PageToken::Offset(offset)) = &self.cursor.next_page else { return };
        let is_known = |document: &Uuid| self.history.documents.contains(document);
        if continuity == Continuity::Shifted && page.documents.iter().any(is_known) {
            // After a removal, the page would have later items only.
            after.trouble.get_or_insert_with(|| UNSTABLE_ORDER.to_owned());
        }
        let overlap = &mut after.overlap;
        overlap.tail = None;
        overlap.shifts += 1;
        let limit = SHIFTS + after.pages / PAGES_PER_SHIFT;
        if continuity == Continuity::Rounded || overlap.shifts > limit {
            overlap.is_refused = true;
            after.next_page = Some(PageToken::Offset(offset + 1));
            return;
        }
        overlap.rereads = true;
        let back = after.largest_page.min(self.cursor.received);
        after.received = self.cursor.received - back;
        after.next_page = Some(PageToken::Offset((offset + 1).saturating_sub(back)));
    }
}
