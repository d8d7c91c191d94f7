//! The best documents of a search, collected in its order.

use std::cell::Cell;
use std::cmp::Ordering;

use tantivy::DocId;

use super::super::cursor::SortKey;
use super::super::request::{SearchRequest, SearchSort};
use super::distinct::Groups;
use super::orders::{LabelBound, Orders};
use super::ranked_doc::RankedDoc;
use super::segment::IndexSegment;

/// The largest limit up to which documents are kept in order: to insert into a longer list would cost more than
/// to sort it at the end.
const MAX_SORTED: usize = 256;

/// Collects the first `limit` documents after a cursor.
pub(super) struct TopDocsCollector<'r> {
    orders: Orders<'r>,
    sort: SearchSort,
    limit: usize,
    after: Option<SortKey>,
    /// The tier of the documents that are collected now.
    tier: u8,
    /// Sorted up to a limit of `MAX_SORTED`; beyond it, up to twice the limit in any order.
    docs: Vec<RankedDoc>,
    /// The last of the first documents so far, beyond `MAX_SORTED`.
    last: Option<RankedDoc>,
    /// The score below which no document is collected.
    threshold: f32,
    /// All documents by a distinct field, in place of `docs`.
    groups: Option<Groups<'r>>,
    /// The place of the last document's label in the present segment.
    bound: Cell<Option<LabelBound>>,
}

impl<'r> TopDocsCollector<'r> {
    pub(super) fn new(request: &'r SearchRequest, after: Option<SortKey>) -> Self {
        let limit = request.offset.saturating_add(request.first).saturating_add(1);
        let (orders, docs) = (Orders(&request.order_by), Vec::with_capacity(limit.min(128)));
        let (groups, threshold) = (Groups::of(request), f32::NEG_INFINITY);
        let (sort, bound) = (request.sort, Cell::default());
        Self { orders, sort, limit, after, tier: 0, docs, last: None, threshold, groups, bound }
    }

    /// Returns the last document of a full list: only those before it are collected.
    fn last(&self) -> Option<&RankedDoc> {
        if self.limit > MAX_SORTED {
            return self.last.as_ref();
        }
        self.docs.last().filter(|_| self.docs.len() == self.limit)
    }

    fn compare(&self, a: &SortKey, b: &SortKey) -> Ordering {
        a.compare(b, self.orders.0, self.sort)
    }

    pub(super) fn requires_scores(&self) -> bool {
        self.sort == SearchSort::Relevance
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Begins to collect the documents of a tier, none of which has been collected.
    pub(super) fn begin_tier(&mut self, tier: u8) {
        self.tier = tier;
        self.update_threshold();
    }

    /// Returns the score below which no document is collected.
    pub(super) fn threshold(&self) -> f32 {
        self.threshold
    }

    /// Returns the score that a document needs beside documents with at least these scores, all to be collected.
    pub(super) fn least_of(&self, scores: impl Iterator<Item = f32>) -> f32 {
        // Documents before the cursor and those of one group take no place each.
        if self.after.is_some() || self.groups.is_some() || !self.orders.is_empty() {
            return f32::NEG_INFINITY;
        }
        let mut scores: Vec<f32> = scores.collect();
        if scores.len() <= self.limit {
            return f32::NEG_INFINITY;
        }
        *scores.select_nth_unstable_by(self.limit - 1, |a, b| b.total_cmp(a)).1
    }

    fn update_threshold(&mut self) {
        self.threshold = match self.last() {
            Some(last) if last.key.tier < self.tier => f32::INFINITY,
            Some(last) if self.orders.is_empty() => last.key.score,
            _ => f32::NEG_INFINITY,
        };
    }

    pub(super) fn contains(&self, segment: usize, doc: DocId) -> bool {
        self.docs.iter().any(|known| known.doc == doc && known.segment == segment)
    }

    /// Returns false for a document that is not among the best with this score.
    ///
    /// Reads the parts of its sort key only as far as they decide.
    pub(super) fn accepts(&self, score: f32, segment: usize, doc: DocId, reader: &IndexSegment) -> bool {
        if score < self.threshold {
            return false;
        }
        let Some(last) = self.last() else { return true };
        if !self.orders.is_empty() {
            return self.orders.may_precede(segment, reader, doc, last, &self.bound);
        }
        if score > last.key.score {
            return true;
        }
        // Within a segment, ranks compare times without reading them.
        if segment == last.segment
            && self.sort != SearchSort::Oldest
            && reader.time_rank(doc) > reader.time_rank(last.doc)
        {
            return false;
        }
        // An id of 0 wins all remaining ties.
        let published_at = reader.published_at(doc);
        let best_case = SortKey { tier: self.tier, values: Box::default(), score, published_at, id: 0 };
        self.compare(&best_case, &last.key) == Ordering::Less
    }

    /// Collects a document, and returns true if it is among the best.
    pub(super) fn collect(&mut self, score: f32, segment: usize, doc: DocId, reader: &IndexSegment) -> bool {
        if !self.accepts(score, segment, doc, reader) {
            return false;
        }
        let (tier, published_at) = (self.tier, reader.published_at(doc));
        let values = self.orders.values(reader, doc);
        let key = SortKey { tier, values, score, published_at, id: reader.id(doc) };
        let ranked = RankedDoc { segment, doc, key, collapsed: 0 };
        if let Some(groups) = &mut self.groups {
            // The best of a group may be on an earlier page.
            groups.add(ranked, reader);
            return true;
        }
        if !self.is_after_cursor(&ranked.key) {
            return false;
        }
        if self.limit > MAX_SORTED {
            self.docs.push(ranked);
            if self.docs.len() >= self.limit * 2 {
                self.shrink();
            }
            return true;
        }
        let at = self.docs.partition_point(|known| self.compare(&known.key, &ranked.key) == Ordering::Less);
        if at == self.limit {
            return false;
        }
        if self.docs.len() == self.limit {
            self.docs.pop();
        }
        self.docs.insert(at, ranked);
        self.update_threshold();
        true
    }

    fn is_after_cursor(&self, key: &SortKey) -> bool {
        self.after.as_ref().is_none_or(|after| self.compare(key, after) == Ordering::Greater)
    }

    /// Keeps the first documents of a long list.
    fn shrink(&mut self) {
        if self.docs.len() > self.limit {
            let (orders, sort) = (&self.orders, self.sort);
            self.docs.select_nth_unstable_by(self.limit - 1, |a, b| a.key.compare(&b.key, orders.0, sort));
            self.docs.truncate(self.limit);
            self.last = self.docs.last().cloned();
            self.update_threshold();
        }
    }

    /// Returns the collected documents in order, and the number of groups if documents are collapsed.
    pub(super) fn into_docs(mut self) -> (Vec<RankedDoc>, Option<u64>) {
        let groups = self.groups.take().map(Groups::into_best);
        let group_count = groups.as_ref().map(|best| best.len() as u64);
        let is_sorted = groups.is_none() && self.limit <= MAX_SORTED;
        if let Some(best) = groups {
            self.docs = best.into_iter().filter(|best| self.is_after_cursor(&best.key)).collect();
        }
        if !is_sorted {
            self.shrink();
            let (orders, sort) = (&self.orders, self.sort);
            self.docs.sort_unstable_by(|a, b| a.key.compare(&b.key, orders.0, sort));
        }
        (self.docs, group_count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_newest_then_to_the_smaller_id() {
        let key =
            |score, published_at, id| SortKey { tier: 0, values: Box::default(), score, published_at, id };
        let compare = |sort, a: &SortKey, b: &SortKey| a.compare(b, &[], sort);
        let mut keys = [
            key(1.0, None, 1),
            key(1.0, Some(5), 3),
            key(2.0, Some(1), 9),
            key(1.0, Some(5), 2),
            key(1.0, Some(7), 8),
        ];
        keys.sort_by(|a, b| compare(SearchSort::Relevance, a, b));
        assert_eq!(keys.map(|key| key.id), [9, 8, 2, 3, 1]);
        let mut keys = [key(0.0, None, 1), key(0.0, Some(5), 3), key(0.0, Some(7), 8), key(0.0, Some(5), 2)];
        keys.sort_by(|a, b| compare(SearchSort::Oldest, a, b));
        assert_eq!(keys.map(|key| key.id), [2, 3, 8, 1]);
    }
}
