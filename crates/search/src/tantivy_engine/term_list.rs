//! Terms of a segment with the documents that contain them, and their cache.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tantivy::postings::TermInfo;
use tantivy::{DocId, InvertedIndexReader};
use tantivy_common::BitSet;

use super::bit_sets::union;
use super::term_field::TermField;

/// Lists with more terms than this are cached: to find the terms and to merge their posting lists takes long.
const MIN_CACHED_TERMS: usize = 256;
/// The memory of the cached lists of a segment.
const CACHED_BYTES: u64 = 16 << 20;

/// Terms of one field in a segment, shared with the cache.
#[derive(Clone)]
pub(super) struct TermList(Arc<SharedTerms>);

struct SharedTerms {
    terms: Vec<TermInfo>,
    /// The documents, once they were asked for: to merge many posting lists costs most of a search.
    documents: OnceLock<Arc<BitSet>>,
}

impl TermList {
    /// Returns the documents with one of the terms.
    pub(super) fn documents(
        &self,
        index: &InvertedIndexReader,
        max_doc: DocId,
    ) -> tantivy::Result<Arc<BitSet>> {
        let Self(shared) = self;
        if let Some(documents) = shared.documents.get() {
            return Ok(documents.clone());
        }
        let documents = Arc::new(union(&shared.terms, index, max_doc)?);
        Ok(shared.documents.get_or_init(|| documents).clone())
    }
}

impl From<Vec<TermInfo>> for TermList {
    fn from(terms: Vec<TermInfo>) -> Self {
        Self(Arc::new(SharedTerms { terms, documents: OnceLock::new() }))
    }
}

impl From<Option<TermInfo>> for TermList {
    fn from(term: Option<TermInfo>) -> Self {
        Vec::from_iter(term).into()
    }
}

impl Deref for TermList {
    type Target = [TermInfo];

    fn deref(&self) -> &[TermInfo] {
        &self.0.terms
    }
}

/// The completions of prefixes in one segment, whose terms are immutable.
pub(super) struct CompletionLists(Cache<(TermField, Box<str>), TermList, ListWeighter>);

/// Counts the memory of lists, with their documents.
#[derive(Clone)]
struct ListWeighter {
    max_doc: DocId,
}

impl CompletionLists {
    pub(super) fn new(max_doc: DocId) -> Self {
        let lists = CACHED_BYTES / ListWeighter { max_doc }.weight_of(MIN_CACHED_TERMS);
        Self(Cache::with_weighter(lists as usize, CACHED_BYTES, ListWeighter { max_doc }))
    }

    /// Returns the completions of a prefix, from the cache or read.
    pub(super) fn get(
        &self,
        field: TermField,
        prefix: &str,
        read: impl FnOnce() -> tantivy::Result<Vec<TermInfo>>,
    ) -> tantivy::Result<TermList> {
        let key = (field, Box::from(prefix));
        if let Some(cached) = self.0.get(&key) {
            return Ok(cached);
        }
        let list = TermList::from(read()?);
        if list.len() > MIN_CACHED_TERMS {
            self.0.insert(key, list.clone());
        }
        Ok(list)
    }
}

impl ListWeighter {
    fn weight_of(&self, terms: usize) -> u64 {
        (terms * size_of::<TermInfo>()) as u64 + u64::from(self.max_doc / 8)
    }
}

impl Weighter<(TermField, Box<str>), TermList> for ListWeighter {
    fn weight(&self, _: &(TermField, Box<str>), list: &TermList) -> u64 {
        self.weight_of(list.len())
    }
}
