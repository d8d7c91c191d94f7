//! The findings of earlier crawls about the list of a source. Pure.
//!
//! One pass over an unreliable upstream proves little: a list that ends early may be an outage. The
//! comparison with earlier passes tells an outage from a change.

use quarry_domain::Tally;

/// The findings of earlier crawls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Baseline {
    /// The last complete crawl with the same settings.
    pub(super) complete: Option<CompletePass>,
    /// The latest crawl, if it is incomplete only because its list ended early.
    pub(super) early_end: Option<EarlyEnd>,
    /// The tally of the last complete crawl with any settings: what that one missed as well is gone.
    ///
    /// An incomplete crawl proves nothing, also if a complete one then ends at the same place: it follows soon, so
    /// that both may have met one outage.
    pub(super) complete_tally: Option<Tally>,
    /// The highest value from which a crawl asks for changes; `None` if it has to ask for all items.
    pub(super) highest: Option<String>,
    /// The entity tag of the list as the latest crawl saw it.
    pub(super) etag: Option<String>,
    /// The stated total minus the items served, as the latest crawl reported it.
    pub(super) discrepancy: Option<i64>,
}

/// A complete crawl.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct CompletePass {
    /// The documents that it saw.
    pub(super) documents: u64,
    /// The items of its largest page.
    pub(super) page_size: u64,
    /// The total that it accepted.
    pub(super) total: Option<i64>,
    /// The digest of the members beside the list of its last page, if that had no items.
    pub(super) end_frame: Option<u32>,
}

/// A crawl whose list ended early.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EarlyEnd {
    /// The documents that it saw.
    pub(super) documents: u64,
    /// Its last page had members that no other page has.
    pub(super) is_unusual: bool,
    /// Crawls in a row that ended there.
    pub(super) crawls: usize,
}

/// Crawls in a row that end with an unusual page, after which it is the end: outages last for several crawls.
const UNUSUAL_ENDS: usize = 4;

impl Baseline {
    /// Returns the documents of the last complete crawl if a list of `items` is shorter by a page or more.
    ///
    /// A list that ended as early in the latest crawl has become shorter. If its last page is unusual, one item
    /// less is enough to doubt it.
    pub(super) fn ends_early(&self, items: u64, is_unusual: bool) -> Option<u64> {
        let before = self.complete?.documents;
        let missing = before.saturating_sub(items);
        let is_early = missing >= self.page_size() || missing > 0 && (items == 0 || is_unusual);
        (is_early && !self.is_confirmed(items, is_unusual)).then_some(before)
    }

    fn is_confirmed(&self, items: u64, is_unusual: bool) -> bool {
        self.early_end.is_some_and(|end| {
            let is_near = end.documents.abs_diff(items) < self.page_size();
            is_near && (end.crawls >= UNUSUAL_ENDS || !is_unusual && !end.is_unusual)
        })
    }

    fn page_size(&self) -> u64 {
        self.complete.map_or(1, |pass| pass.page_size.max(1))
    }

    /// Returns true if the last complete crawl looked behind this total and found nothing.
    pub(super) fn knows_total(&self, total: i64) -> bool {
        self.complete.is_some_and(|pass| {
            pass.total == Some(total)
                && i64::try_from(pass.documents).is_ok_and(|documents| documents <= total)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(early: Option<u64>) -> Baseline {
        Baseline {
            complete: Some(CompletePass { documents: 100, page_size: 10, total: None, end_frame: None }),
            early_end: early.map(|documents| EarlyEnd { documents, is_unusual: false, crawls: 1 }),
            ..Baseline::default()
        }
    }

    #[test]
    fn a_list_that_is_a_page_shorter_ends_early_until_a_second_crawl_sees_the_same() {
        assert_eq!(
            Baseline::default().ends_early(0, false),
            None,
            "a first crawl has nothing to compare with"
        );
        for (items, expected) in [(100, None), (91, None), (90, Some(100)), (0, Some(100)), (200, None)] {
            assert_eq!(baseline(None).ends_early(items, false), expected, "{items}");
        }
        assert_eq!(baseline(Some(82)).ends_early(80, false), None, "it has become shorter");
        assert_eq!(baseline(Some(60)).ends_early(80, false), Some(100), "it ended elsewhere");
        let small = Baseline {
            complete: Some(CompletePass { documents: 4, page_size: 4, total: None, end_frame: None }),
            ..baseline(None)
        };
        assert_eq!((small.ends_early(3, false), small.ends_early(0, false)), (None, Some(4)));
    }

    #[test]
    fn an_unusual_end_is_doubted_at_one_item_and_for_several_crawls() {
        assert_eq!(baseline(None).ends_early(99, true), Some(100));
        assert_eq!(baseline(None).ends_early(100, true), None);
        let repeated = |crawls, is_unusual| {
            let end = EarlyEnd { documents: 95, is_unusual, crawls };
            Baseline { early_end: Some(end), ..baseline(None) }
        };
        assert_eq!(repeated(1, true).ends_early(95, true), Some(100));
        assert_eq!(repeated(UNUSUAL_ENDS, true).ends_early(95, true), None);
    }

    #[test]
    fn a_total_is_known_unless_the_upstream_served_more() {
        for (documents, is_known) in [(20, true), (19, true), (35, false)] {
            let complete = Some(CompletePass { documents, page_size: 10, total: Some(20), end_frame: None });
            let baseline = Baseline { complete, ..Baseline::default() };
            assert_eq!((baseline.knows_total(20), baseline.knows_total(30)), (is_known, false));
        }
    }
}
