//! Documents that were parsed and found valid, by their text: clients send the same few over
//! and over, and parsing and validating one costs more than a search.

use std::sync::Arc;

use async_graphql::parser::types::ExecutableDocument;
use quick_cache::sync::Cache;

/// Documents kept.
const KEPT: usize = 256;
/// The longest document that is kept, in bytes; parsed, it takes some twenty times as much.
const MAX_BYTES: usize = 8 << 10;

/// A bounded cache: what is used stays, the rest goes.
pub(super) struct DocumentCache(Cache<String, Arc<ExecutableDocument>>);

impl DocumentCache {
    pub(super) fn get(&self, text: &str) -> Option<Arc<ExecutableDocument>> {
        self.0.get(text)
    }

    pub(super) fn put(&self, text: String, document: Arc<ExecutableDocument>) {
        if text.len() <= MAX_BYTES {
            self.0.insert(text, document);
        }
    }
}

impl Default for DocumentCache {
    fn default() -> Self {
        Self(Cache::new(KEPT))
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let cache = DocumentCache::default();
        let document = Arc::new(parse_query("{ a }").unwrap());
        for n in 0..10 * KEPT {
            cache.put(n.to_string(), document.clone());
            assert!(cache.get("0").is_some(), "lost after {n}");
        }
        let kept = (0..10 * KEPT).filter(|n| cache.get(&n.to_string()).is_some()).count();
        assert!((2..=KEPT).contains(&kept), "{kept}");
    }

    #[test]
    fn long_documents_are_not_kept() {
        let cache = DocumentCache::default();
        let text = " ".repeat(MAX_BYTES + 1);
        cache.put(text.clone(), Arc::new(parse_query("{ a }").unwrap()));
        assert!(cache.get(&text).is_none());
    }
}
