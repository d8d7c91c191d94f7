//! The best hits so far, in the order of the search.

use std::cmp::Ordering;

use tantivy::DocId;

use super::super::cursor::SortKey;
use super::super::request::SearchSort;
use super::snapshot::Segment;

/// A document that may be a hit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) segment: usize,
    pub(super) doc: DocId,
    pub(super) key: SortKey,
}

/// Compares two places: `Less` comes first.
pub(super) fn compare(sort: SearchSort, a: &SortKey, b: &SortKey) -> Ordering {
    let by_time = || match (a.published_at, b.published_at) {
        (Some(a), Some(b)) if sort == SearchSort::Oldest => a.cmp(&b),
        (Some(a), Some(b)) => b.cmp(&a),
        // What has no time comes last, whichever way time runs.
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    b.score.total_cmp(&a.score).then_with(by_time).then_with(|| a.id.cmp(&b.id))
}

/// Keeps the first `limit` candidates behind a place.
pub(super) struct Ranking {
    sort: SearchSort,
    limit: usize,
    after: Option<SortKey>,
    /// In order.
    best: Vec<Candidate>,
}

impl Ranking {
    pub(super) fn new(sort: SearchSort, limit: usize, after: Option<SortKey>) -> Self {
        Self { sort, limit, after, best: Vec::with_capacity(limit.min(128)) }
    }

    pub(super) fn needs_score(&self) -> bool {
        self.sort == SearchSort::Relevance
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Candidates with less have no chance.
    pub(super) fn least_score(&self) -> f32 {
        match self.best.last() {
            Some(last) if self.best.len() == self.limit => last.key.score,
            _ => f32::NEG_INFINITY,
        }
    }

    pub(super) fn contains(&self, segment: usize, doc: DocId) -> bool {
        self.best.iter().any(|known| known.doc == doc && known.segment == segment)
    }

    /// Considers a document: `false` if it is not among the best. The parts of its key are read
    /// only as far as they decide.
    pub(super) fn consider(&mut self, score: f32, segment: usize, doc: DocId, reader: &Segment) -> bool {
        if score < self.least_score() {
            return false;
        }
        let full = self.best.len() == self.limit;
        let last = self.best.last().filter(|_| full).copied();
        if let Some(last) = last {
            // Within a segment, ranks say who is newer without a look at the times.
            let is_tie = score == last.key.score && segment == last.segment;
            let is_older = is_tie && reader.time_rank(doc) > reader.time_rank(last.doc);
            if is_older && self.sort != SearchSort::Oldest {
                return false;
            }
        }
        let published_at = reader.published_at(doc);
        // An id of 0 wins every tie that is left.
        let most = SortKey { score, published_at, id: 0 };
        if last.is_some_and(|last| compare(self.sort, &most, &last.key) != Ordering::Less) {
            return false;
        }
        let key = SortKey { score, published_at, id: reader.id(doc) };
        if self.after.is_some_and(|after| compare(self.sort, &key, &after) != Ordering::Greater) {
            return false;
        }
        let place = self.best.partition_point(|known| compare(self.sort, &known.key, &key) == Ordering::Less);
        if place == self.limit {
            return false;
        }
        if full {
            self.best.pop();
        }
        self.best.insert(place, Candidate { segment, doc, key });
        true
    }

    pub(super) fn into_best(self) -> Vec<Candidate> {
        self.best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_go_to_the_newest_then_to_the_smaller_id() {
        let key = |score, published_at, id| SortKey { score, published_at, id };
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
