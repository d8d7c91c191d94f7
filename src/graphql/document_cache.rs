//! Documents that were parsed and found valid, by their text: clients send the same few over
//! and over, and parsing and validating one costs more than a search.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::ExecutableDocument;

/// Documents kept for sure; up to twice as many are.
const KEPT: usize = 128;
/// The longest document that is kept, in bytes; parsed, it takes some twenty times as much.
const MAX_BYTES: usize = 8 << 10;

/// A bounded cache in two generations: a full one becomes the old one, and what is still
/// used comes back from there.
#[derive(Default)]
pub(super) struct DocumentCache(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    young: HashMap<Arc<str>, Arc<ExecutableDocument>>,
    old: HashMap<Arc<str>, Arc<ExecutableDocument>>,
}

impl DocumentCache {
    pub(super) fn get(&self, text: &str) -> Option<Arc<ExecutableDocument>> {
        let mut generations = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = generations.young.get(text) {
            return Some(document.clone());
        }
        let (text, document) = generations.old.remove_entry(text)?;
        generations.keep(text, document.clone());
        Some(document)
    }

    pub(super) fn put(&self, text: String, document: Arc<ExecutableDocument>) {
        if text.len() <= MAX_BYTES {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).keep(text.into(), document);
        }
    }
}

impl Generations {
    fn keep(&mut self, text: Arc<str>, document: Arc<ExecutableDocument>) {
        if self.young.len() >= KEPT {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text, document);
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
        assert!((2..=2 * KEPT).contains(&kept), "{kept}");
    }

    #[test]
    fn long_documents_are_not_kept() {
        let cache = DocumentCache::default();
        let text = " ".repeat(MAX_BYTES + 1);
        cache.put(text.clone(), Arc::new(parse_query("{ a }").unwrap()));
        assert!(cache.get(&text).is_none());
    }
}
