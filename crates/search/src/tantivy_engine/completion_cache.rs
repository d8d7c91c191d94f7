//! A cache of a segment's most frequent completions.

use std::sync::Arc;

use quick_cache::sync::Cache;

/// Prefixes that a segment caches.
const CACHED_PREFIXES: usize = 512;

/// The most frequent completions of a prefix, with the document frequency of each.
pub(super) type FrequentCompletions = Arc<[(Box<str>, u32)]>;

/// Completions by prefix; entries never expire, since a segment's dictionary is immutable.
pub(super) struct CompletionCache(pub(super) Cache<String, FrequentCompletions>);

impl Default for CompletionCache {
    fn default() -> Self {
        Self(Cache::new(CACHED_PREFIXES))
    }
}
