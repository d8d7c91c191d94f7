//! Lists that begin again behind their end: the upstream serves its first page for positions that it lacks.

use super::advance::leads_back;
use super::{PageContext, PageFacts};
use crate::cursor::CrawlCursor;
use crate::pagination::{PageToken, token_after};

impl PageContext<'_> {
    /// Returns true if a page repeats the first one of its sweep, behind at least two others.
    ///
    /// A second page like the first means that the upstream ignores the position.
    pub(super) fn begins_again(&self, page: &PageFacts) -> bool {
        let CrawlCursor { position, pages, repeats, .. } = *self.cursor;
        let first = position - i64::from(pages);
        page.items > 0
            && self.history.pages.len() >= 2
            && repeats == 0
            && self.history.pages.get(&page.hash) == Some(&first)
            && !self.cursor.is_below_total()
            && !self.cursor.overlap.may_repeat()
    }

    /// Returns true if a page confirms that the list has begun again: it is the second, or the first once more.
    pub(super) fn has_begun_again(&self, page: &PageFacts) -> bool {
        let CrawlCursor { position, pages, .. } = *self.cursor;
        let second = position - i64::from(pages) + 1;
        let origin = self.history.pages.get(&page.hash).copied();
        self.cursor.begins_again
            && page.items > 0
            && origin.is_some_and(|origin| origin == second || origin == position - 1)
    }

    /// Continues behind a page that seems to begin the list again; links and cursors may lead there themselves.
    pub(super) fn follow_again(&self, page: &PageFacts, token: &PageToken, after: &mut CrawlCursor) {
        after.begins_again = true;
        let next = token_after(&self.config.pagination, token, page.items, page.next.clone().value());
        after.next_page = next.filter(|next| !leads_back(Some(next), *self));
    }
}
