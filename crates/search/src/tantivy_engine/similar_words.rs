//! A cache of a segment's words that are similar to typed ones.

use std::sync::Arc;

use quick_cache::sync::Cache;
use tantivy::postings::TermInfo;

use super::fuzzy::Typo;

/// Typed words whose similar words a segment caches: while typing, all but the last one repeat.
const CACHED_WORDS: usize = 64;

/// A word of the index, similar to a typed one.
pub(super) struct SimilarWord {
    pub(super) word: Box<str>,
    pub(super) typo: Typo,
    pub(super) info: TermInfo,
}

/// Similar words of a segment, sorted.
pub(super) type SimilarWords = Arc<[SimilarWord]>;

/// Similar words by typed word; entries never expire, since a segment's dictionary is immutable.
pub(super) struct SimilarWordCache(pub(super) Cache<(Box<str>, bool), SimilarWords>);

impl Default for SimilarWordCache {
    fn default() -> Self {
        Self(Cache::new(CACHED_WORDS))
    }
}
