//! Caches of the words that are similar to typed ones.

use std::sync::Arc;

use quick_cache::sync::Cache;
use tantivy::postings::TermInfo;

use super::fuzzy::Typo;

/// Typed words whose similar words are cached: while typing, all but the last one repeat.
const CACHED_WORDS: usize = 64;

/// A word of the index, similar to a typed one.
#[derive(Clone)]
pub(super) struct SimilarWord {
    pub(super) word: Box<str>,
    pub(super) typo: Typo,
    /// True if it only begins with a similar word.
    pub(super) is_completion: bool,
    pub(super) info: TermInfo,
}

/// Similar words of a segment, sorted.
pub(super) type SimilarWords = Arc<[SimilarWord]>;

/// Similar words by typed word, and whether it is a prefix, of a segment or of each one of a snapshot.
///
/// Entries never expire, since segments' dictionaries and snapshots are immutable.
pub(super) struct SimilarWordCache<W>(pub(super) Cache<(Box<str>, bool), W>);

impl<W: Clone> Default for SimilarWordCache<W> {
    fn default() -> Self {
        Self(Cache::new(CACHED_WORDS))
    }
}
