//! The overlap of the next page of a sweep with the last one, as far as it is stored.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::CrawlCursor;
use crate::pagination::PageToken;

/// The overlap of the next page of a sweep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Overlap {
    /// The document of the item that the next page shares with the last one.
    pub(crate) tail: Option<Uuid>,
    /// The next page is read again, because the one behind it did not begin with that item.
    pub(crate) rereads: bool,
    /// The pages of this sweep that did not.
    pub(crate) shifts: u32,
    /// The upstream serves no such pages.
    pub(crate) is_refused: bool,
}

impl Overlap {
    /// Returns true if the next page need not differ from those before it.
    pub(crate) fn may_repeat(&self) -> bool {
        self.tail.is_some() || self.rereads
    }
}

impl CrawlCursor {
    /// Requests the next page without an overlap; false if it has none.
    pub(crate) fn refuse_overlap(&mut self) -> bool {
        let Some(PageToken::Offset(offset)) = self.next_page.as_mut().filter(|_| self.overlap.tail.is_some())
        else {
            return false;
        };
        *offset += 1;
        self.overlap = Overlap { is_refused: true, ..Overlap::default() };
        true
    }
}
