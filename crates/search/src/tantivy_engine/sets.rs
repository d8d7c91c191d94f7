//! Sets of documents: unions of posting lists, and a walk over them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, InvertedIndexReader, TERMINATED};
use tantivy_common::{BitSet, TinySet};

/// Documents of one bucket of a bit set.
const BUCKET: u32 = 64;
/// Sets that a segment keeps: each takes an eighth of a byte for every document.
const KEPT_SETS: usize = 256;

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

/// The documents that have at least one of some terms.
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

/// Calls `found` with every document of a set, in order.
pub(super) fn for_each(set: &BitSet, mut found: impl FnMut(DocId)) {
    let mut bucket = 0;
    while let Some(next) = first_bucket(set, bucket) {
        let mut docs = set.tinyset(next);
        while let Some(lowest) = docs.pop_lowest() {
            found(next * BUCKET + lowest);
        }
        bucket = next + 1;
    }
}

/// Calls `found` with the documents that some unions of sets have in common, a bucket at a time.
pub(super) fn for_each_common(unions: &[Vec<&BitSet>], max_doc: DocId, mut found: impl FnMut(TinySet)) {
    for bucket in 0..max_doc.div_ceil(BUCKET) {
        let common = unions.iter().fold(TinySet::full(), |common, sets| {
            let union = sets.iter().fold(TinySet::empty(), |union, set| union.union(set.tinyset(bucket)));
            common.intersect(union)
        });
        if !common.is_empty() {
            found(common);
        }
    }
}

fn first_bucket(set: &BitSet, from: u32) -> Option<u32> {
    // The library looks beyond its last bucket without checking.
    (from <= set.max_value() / BUCKET).then(|| set.first_non_empty_bucket(from)).flatten()
}

/// A walk over a set that others may walk as well.
pub(super) struct SetCursor {
    set: Arc<BitSet>,
    doc: DocId,
}

impl SetCursor {
    pub(super) fn new(set: Arc<BitSet>) -> Self {
        let mut cursor = Self { set, doc: 0 };
        cursor.doc = cursor.first_from(0);
        cursor
    }

    pub(super) fn set(&self) -> &Arc<BitSet> {
        &self.set
    }

    pub(super) fn doc(&self) -> DocId {
        self.doc
    }

    pub(super) fn seek(&mut self, target: DocId) -> DocId {
        if self.doc < target {
            self.doc = self.first_from(target);
        }
        self.doc
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

/// Sets that were made from posting lists of one segment, which never change.
#[derive(Default)]
pub(super) struct SetCache(Mutex<HashMap<usize, Arc<BitSet>>>);

impl SetCache {
    /// The set of a term, made if it is not kept.
    pub(super) fn get(
        &self,
        index: &InvertedIndexReader,
        info: &TermInfo,
        max_doc: DocId,
    ) -> tantivy::Result<Arc<BitSet>> {
        let place = info.postings_range.start;
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&place) {
            return Ok(known.clone());
        }
        let set = Arc::new(union([info], index, max_doc)?);
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= KEPT_SETS {
            // Frequent short prefixes are few: more than are kept is rare, and any may go.
            let any = sets.keys().next().copied();
            any.map(|any| sets.remove(&any));
        }
        sets.insert(place, set.clone());
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_visits_what_is_in_the_set() {
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
                assert_eq!(SetCursor::new(set.clone()).seek(target), expected, "{target} in {members:?}");
            }
        }
    }
}
