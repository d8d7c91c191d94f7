//! Bit sets of documents: unions of posting lists, their iteration and their cache.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, InvertedIndexReader, TERMINATED};
use tantivy_common::{BitSet, TinySet};

/// Documents of one bucket of a bit set.
const BUCKET: u32 = 64;
/// Bit sets that a segment caches; each takes one bit per document.
const CACHED_SETS: usize = 256;

/// Adds the documents of a term to a set.
pub(super) fn add_documents(
    set: &mut BitSet,
    index: &InvertedIndexReader,
    info: &TermInfo,
) -> tantivy::Result<()> {
    let mut block = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    while !block.docs().is_empty() {
        for &doc in block.docs() {
            set.insert(doc);
        }
        block.advance();
    }
    Ok(())
}

/// Returns the documents that contain at least one of the terms.
pub(super) fn union<'t>(
    terms: impl IntoIterator<Item = &'t TermInfo>,
    index: &InvertedIndexReader,
    max_doc: DocId,
) -> tantivy::Result<BitSet> {
    let mut set = BitSet::with_max_value(max_doc);
    for info in terms {
        add_documents(&mut set, index, info)?;
    }
    Ok(set)
}

/// Calls `visit` with each document of a set, in order.
pub(super) fn for_each(set: &BitSet, mut visit: impl FnMut(DocId)) {
    let mut bucket = 0;
    while let Some(next) = first_bucket(set, bucket) {
        let mut docs = set.tinyset(next);
        while let Some(lowest) = docs.pop_lowest() {
            visit(next * BUCKET + lowest);
        }
        bucket = next + 1;
    }
}

/// Returns the documents that both sets contain.
pub(super) fn intersection(a: &BitSet, b: &BitSet, max_doc: DocId) -> BitSet {
    let mut both = BitSet::with_max_value(max_doc);
    for_each_in_intersection(&[vec![a], vec![b]], max_doc, |doc| {
        both.insert(doc);
    });
    both
}

/// Returns the documents from the current one on that a set contains, too.
pub(super) fn members(mut docs: impl DocSet, within: &BitSet) -> BitSet {
    let mut members = BitSet::with_max_value(within.max_value());
    while docs.doc() != TERMINATED {
        if within.contains(docs.doc()) {
            members.insert(docs.doc());
        }
        docs.advance();
    }
    members
}

/// Counts the documents that all unions of sets contain.
pub(super) fn count_intersection(unions: &[Vec<&BitSet>], max_doc: DocId) -> u64 {
    if let [sets] = unions
        && let [set] = sets.as_slice()
    {
        return set.len() as u64;
    }
    let buckets = 0..max_doc.div_ceil(BUCKET);
    buckets.map(|bucket| u64::from(intersection_of_bucket(unions, bucket).len())).sum()
}

/// Calls `visit` with each document that all unions of sets contain, in order.
pub(super) fn for_each_in_intersection(
    unions: &[Vec<&BitSet>],
    max_doc: DocId,
    mut visit: impl FnMut(DocId),
) {
    for bucket in 0..max_doc.div_ceil(BUCKET) {
        let mut docs = intersection_of_bucket(unions, bucket);
        while let Some(lowest) = docs.pop_lowest() {
            visit(bucket * BUCKET + lowest);
        }
    }
}

fn intersection_of_bucket(unions: &[Vec<&BitSet>], bucket: u32) -> TinySet {
    unions.iter().fold(TinySet::full(), |intersection, sets| {
        let union = sets.iter().fold(TinySet::empty(), |union, set| union.union(set.tinyset(bucket)));
        intersection.intersect(union)
    })
}

fn first_bucket(set: &BitSet, from: u32) -> Option<u32> {
    // `first_non_empty_bucket` does not check its bounds.
    (from <= set.max_value() / BUCKET).then(|| set.first_non_empty_bucket(from)).flatten()
}

/// A [`DocSet`] over a shared set; tantivy's `BitSetDocSet` owns its set.
pub(super) struct SharedBitSet {
    set: Arc<BitSet>,
    doc: DocId,
}

impl SharedBitSet {
    pub(super) fn new(set: Arc<BitSet>) -> Self {
        let mut docs = Self { set, doc: 0 };
        docs.doc = docs.first_from(0);
        docs
    }

    pub(super) fn set(&self) -> &Arc<BitSet> {
        &self.set
    }

    /// Calls `visit` with each document from the current one to before `end`, which is a multiple of 64 or the
    /// maximum.
    pub(super) fn for_each_before(&mut self, end: DocId, mut visit: impl FnMut(DocId)) {
        let Some(last) = end.checked_sub(1).filter(|last| self.doc <= *last) else { return };
        let first = self.doc / BUCKET;
        for bucket in first..=last / BUCKET {
            let mut docs = self.set.tinyset(bucket);
            if bucket == first {
                docs = docs.intersect(TinySet::range_greater_or_equal(self.doc % BUCKET));
            }
            while let Some(lowest) = docs.pop_lowest() {
                visit(bucket * BUCKET + lowest);
            }
        }
        self.doc = self.first_from(end);
    }

    fn first_from(&self, target: DocId) -> DocId {
        if target >= self.set.max_value() {
            return TERMINATED;
        }
        let bucket = target / BUCKET;
        let mut docs = self.set.tinyset(bucket).intersect(TinySet::range_greater_or_equal(target % BUCKET));
        if let Some(lowest) = docs.pop_lowest() {
            return bucket * BUCKET + lowest;
        }
        match first_bucket(&self.set, bucket + 1) {
            Some(bucket) => {
                let lowest = self.set.tinyset(bucket).pop_lowest();
                lowest.map_or(TERMINATED, |lowest| bucket * BUCKET + lowest)
            }
            None => TERMINATED,
        }
    }
}

impl DocSet for SharedBitSet {
    fn doc(&self) -> DocId {
        self.doc
    }

    fn advance(&mut self) -> DocId {
        self.seek(self.doc.saturating_add(1))
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc < target {
            self.doc = self.first_from(target);
        }
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.set.len() as u32
    }
}

/// Bit sets by term of one segment, whose posting lists are immutable.
#[derive(Default)]
pub(super) struct BitSetCache(Mutex<HashMap<usize, Arc<BitSet>>>);

impl BitSetCache {
    /// Returns the documents of a term, from the cache or from its posting list.
    pub(super) fn get(
        &self,
        index: &InvertedIndexReader,
        info: &TermInfo,
        max_doc: DocId,
    ) -> tantivy::Result<Arc<BitSet>> {
        let key = info.postings_range.start;
        if let Some(cached) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(cached.clone());
        }
        let set = Arc::new(union([info], index, max_doc)?);
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= CACHED_SETS {
            // Frequent terms are few: the cache is rarely full, and evicts an arbitrary set.
            let evicted = sets.keys().next().copied();
            evicted.map(|evicted| sets.remove(&evicted));
        }
        sets.insert(key, set.clone());
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iteration_and_seeks_visit_the_members() {
        for members in [vec![], vec![0], vec![63, 64, 65], vec![0, 5, 63, 64, 127, 128, 190, 199]] {
            let mut set = BitSet::with_max_value(200);
            for &member in &members {
                set.insert(member);
            }
            let mut visited = Vec::new();
            for_each(&set, |doc| visited.push(doc));
            assert_eq!(visited, members);
            let set = Arc::new(set);
            for target in 0..220 {
                let expected = members.iter().copied().find(|&member| member >= target).unwrap_or(TERMINATED);
                assert_eq!(SharedBitSet::new(set.clone()).seek(target), expected, "{target} in {members:?}");
            }
            let mut docs = SharedBitSet::new(set.clone());
            let mut visited = Vec::new();
            for end in [64, 128, 200] {
                docs.for_each_before(end, |doc| visited.push(doc));
                let expected: Vec<DocId> = members.iter().copied().filter(|&member| member < end).collect();
                assert_eq!(visited, expected);
            }
            assert_eq!(docs.doc(), TERMINATED);
        }
    }
}
