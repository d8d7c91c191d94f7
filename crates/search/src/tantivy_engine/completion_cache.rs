//! Caches of a segment for suggestions; its postings and documents are immutable.

use std::sync::Arc;

use quick_cache::sync::Cache;
use tantivy_common::BitSet;

use super::super::filter::DocumentFilter;

/// Prefixes that a segment caches.
const CACHED_PREFIXES: usize = 512;
/// Words whose written form a segment caches.
const CACHED_WORDS: usize = 4_096;
/// Filters that a segment caches, with one bit per document.
const CACHED_FILTERS: usize = 32;

/// The most frequent completions of a prefix, with the document frequency of each.
pub(super) type FrequentCompletions = Arc<[(Box<str>, u32)]>;

/// Caches of a segment; entries never expire.
pub(super) struct CompletionCache {
    /// Completions by prefix.
    pub(super) frequent: Cache<String, FrequentCompletions>,
    /// Words as documents write them, by folded word.
    pub(super) written: Cache<Box<str>, Arc<str>>,
    /// The documents within a filter, deleted ones included.
    pub(super) filters: Cache<DocumentFilter, Arc<BitSet>>,
}

impl Default for CompletionCache {
    fn default() -> Self {
        Self {
            frequent: Cache::new(CACHED_PREFIXES),
            written: Cache::new(CACHED_WORDS),
            filters: Cache::new(CACHED_FILTERS),
        }
    }
}
