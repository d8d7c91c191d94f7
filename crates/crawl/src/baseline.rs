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
    /// The tally of the last complete crawl with any settings.
    pub(super) complete_tally: Option<Tally>,
    /// The highest value from which a crawl asks for changes; `None` if it has to ask for all items.
    pub(super) highest: Option<String>,
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
}

/// A crawl whose list ended early.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct EarlyEnd {
    /// The documents that it saw.
    pub(super) documents: u64,
    /// The mark of these documents.
    pub(super) tally: Tally,
}

impl Baseline {
    /// Returns the documents of the last complete crawl if a list of `items` is shorter by a page or more.
    ///
    /// A list that ended as early in the latest crawl has become shorter.
    pub(super) fn ends_early(&self, items: u64) -> Option<u64> {
        let before = self.complete?.documents;
        let is_early = before.saturating_sub(items) >= self.page_size() || items == 0 && before > 0;
        (is_early && !self.is_confirmed(items)).then_some(before)
    }

    fn is_confirmed(&self, items: u64) -> bool {
        self.early_end.is_some_and(|end| end.documents.abs_diff(items) < self.page_size())
    }

    fn page_size(&self) -> u64 {
        self.complete.map_or(1, |pass| pass.page_size.max(1))
    }

    /// Returns true if the last complete crawl looked behind this total and found nothing.
    pub(super) fn knows_total(&self, total: i64) -> bool {
        self.complete.is_some_and(|pass| pass.total == Some(total))
    }

    /// Returns the tally of the earlier pass that, with a pass over `documents`, proves that others are gone.
    pub(super) fn missed_since(&self, documents: u64) -> Option<Tally> {
        let early = self.early_end.filter(|_| self.is_confirmed(documents));
        early.map(|end| end.tally).or(self.complete_tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(early: Option<u64>) -> Baseline {
        Baseline {
            complete: Some(CompletePass { documents: 100, page_size: 10, total: None }),
            early_end: early.map(|documents| EarlyEnd { documents, tally: Tally(2_000) }),
            complete_tally: Some(Tally(1_000)),
            ..Baseline::default()
        }
    }

    #[test]
    fn a_list_that_is_a_page_shorter_ends_early_until_a_second_crawl_sees_the_same() {
        assert_eq!(Baseline::default().ends_early(0), None, "a first crawl has nothing to compare with");
        for (items, expected) in [(100, None), (91, None), (90, Some(100)), (0, Some(100)), (200, None)] {
            assert_eq!(baseline(None).ends_early(items), expected, "{items}");
        }
        assert_eq!(baseline(Some(82)).ends_early(80), None, "it has become shorter");
        assert_eq!(baseline(Some(60)).ends_early(80), Some(100), "it ended elsewhere");
        let small = Baseline {
            complete: Some(CompletePass { documents: 4, page_size: 4, total: None }),
            ..baseline(None)
        };
        assert_eq!((small.ends_early(3), small.ends_early(0)), (None, Some(4)));
    }

    #[test]
    fn the_confirmed_early_end_is_the_first_pass_that_missed_documents() {
        assert_eq!(baseline(None).missed_since(80), Some(Tally(1_000)));
        assert_eq!(baseline(Some(80)).missed_since(80), Some(Tally(2_000)));
        assert_eq!(baseline(Some(60)).missed_since(80), Some(Tally(1_000)));
        assert_eq!(Baseline::default().missed_since(80), None);
    }
}
