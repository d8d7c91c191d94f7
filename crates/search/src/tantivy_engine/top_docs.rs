//! The best documents of a search, collected in its order.

use std::cmp::Ordering;

use tantivy::DocId;

use super::super::cursor::SortKey;
use super::super::request::SearchSort;
use super::segment::IndexSegment;

/// A document with its sort key.
#[derive(Clone, Copy, Debug)]
pub(super) struct RankedDoc {
    /// The ordinal of its segment.
    pub(super) segment: usize,
    pub(super) doc: DocId,
    pub(super) key: SortKey,
}

/// Compares two sort keys; `Less` comes first.
fn compare(sort: SearchSort, a: &SortKey, b: &SortKey) -> Ordering {
    let by_time = || match (a.published_at, b.published_at) {
        (Some(a), Some(b)) if sort == SearchSort::Oldest => a.cmp(&b),
        (Some(a), Some(b)) => b.cmp(&a),
        // Documents without a time come last in both directions.
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    let by_score = b.score.total_cmp(&a.score);
    a.tier.cmp(&b.tier).then(by_score).then_with(by_time).then_with(|| a.id.cmp(&b.id))
}

/// Collects the first `limit` documents after a cursor.
pub(super) struct TopDocsCollector {
    sort: SearchSort,
    limit: usize,
    after: Option<SortKey>,
    /// The tier of the documents that are collected now.
    tier: u8,
    /// Sorted.
    docs: Vec<RankedDoc>,
}

impl TopDocsCollector {
    pub(super) fn new(sort: SearchSort, limit: usize, after: Option<SortKey>) -> Self {
        Self { sort, limit, after, tier: 0, docs: Vec::with_capacity(limit.min(128)) }
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
    }

    /// Returns the score below which no document is collected.
    pub(super) fn threshold(&self) -> f32 {
        match self.docs.last() {
            Some(last) if self.docs.len() == self.limit && last.key.tier < self.tier => f32::INFINITY,
            Some(last) if self.docs.len() == self.limit => last.key.score,
            _ => f32::NEG_INFINITY,
        }
    }

    pub(super) fn contains(&self, segment: usize, doc: DocId) -> bool {
        self.docs.iter().any(|known| known.doc == doc && known.segment == segment)
    }

    /// Returns false for a document that is not among the best with this score.
    ///
    /// Reads the parts of its sort key only as far as they decide.
    pub(super) fn accepts(&self, score: f32, segment: usize, doc: DocId, reader: &IndexSegment) -> bool {
        if score < self.threshold() {
            return false;
        }
        let Some(last) = self.docs.last().filter(|_| self.docs.len() == self.limit) else { return true };
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
        let best_case = SortKey { tier: self.tier, score, published_at: reader.published_at(doc), id: 0 };
        compare(self.sort, &best_case, &last.key) == Ordering::Less
    }

    /// Collects a document, and returns true if it is among the best.
    pub(super) fn collect(&mut self, score: f32, segment: usize, doc: DocId, reader: &IndexSegment) -> bool {
        if !self.accepts(score, segment, doc, reader) {
            return false;
        }
        let (tier, published_at) = (self.tier, reader.published_at(doc));
        let key = SortKey { tier, score, published_at, id: reader.id(doc) };
        if self.after.is_some_and(|after| compare(self.sort, &key, &after) != Ordering::Greater) {
            return false;
        }
        let at = self.docs.partition_point(|known| compare(self.sort, &known.key, &key) == Ordering::Less);
        if at == self.limit {
            return false;
        }
        if self.docs.len() == self.limit {
            self.docs.pop();
        }
        self.docs.insert(at, RankedDoc { segment, doc, key });
        true
    }

    /// Returns the collected documents in order.
    pub(super) fn into_docs(self) -> Vec<RankedDoc> {
        self.docs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_newest_then_to_the_smaller_id() {
        let key = |score, published_at, id| SortKey { tier: 0, score, published_at, id };
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
