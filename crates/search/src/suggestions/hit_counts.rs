//! The number of documents that a suggestion finds in the present index, by the present synonyms.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::super::engine::{SearchEngine, SearchError};
use super::super::filter::DocumentFilter;
use super::super::indexer::{IndexFollower, IndexProgress};

/// Cached texts of up to [`super::MAX_CHARS`] characters: a few megabytes.
const CACHED_TEXTS: usize = 20_000;

/// The counts that one answer may compute.
pub(super) struct CountBudget {
    remaining: usize,
    /// True if the engine was too busy for a count.
    pub(super) was_rejected: bool,
}

impl CountBudget {
    pub(super) fn new(counts: usize) -> Self {
        Self { remaining: counts, was_rejected: false }
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.remaining == 0
    }

    /// Returns the engine's answer; if it is too busy, `None`, and ends the budget.
    pub(super) fn unless_busy<T>(
        &mut self,
        answer: Result<T, SearchError>,
    ) -> Result<Option<T>, SearchError> {
        if matches!(answer, Err(SearchError::TooBusy)) {
            *self = Self { remaining: 0, was_rejected: true };
            return Ok(None);
        }
        answer.map(Some)
    }
}

/// Counts hits, and caches the counts until the index or the synonyms change.
pub(super) struct HitCounts {
    engine: Arc<dyn SearchEngine>,
    index: IndexFollower,
    /// Each count with the state of the index and the version of the rules in which it was made.
    cache: Cache<(String, DocumentFilter), (IndexProgress, i64, u64)>,
}

impl HitCounts {
    pub(super) fn new(engine: Arc<dyn SearchEngine>, index: IndexFollower) -> Self {
        Self { engine, index, cache: Cache::new(CACHED_TEXTS) }
    }

    /// Returns the number of documents within a filter with all words of each text.
    ///
    /// It is 0 for texts whose count is not cached once the budget is used up.
    pub(super) async fn get(
        &self,
        texts: &[String],
        filter: &DocumentFilter,
        budget: &mut CountBudget,
    ) -> Result<Vec<u64>, SearchError> {
        // Read before the counts, which may see more changes, but never fewer.
        let (progress, version) = (self.index.progress(), self.engine.rulebook().version);
        let cached = |text: &String| {
            let (at, of, hits) = self.cache.get(&(text.clone(), filter.clone()))?;
            (at == progress && of == version).then_some(hits)
        };
        let known: Vec<Option<u64>> = texts.iter().map(cached).collect();
        let unknown = texts.iter().zip(&known).filter(|(_, known)| known.is_none());
        let counted: Vec<String> = unknown.take(budget.remaining).map(|(text, _)| text.clone()).collect();
        budget.remaining -= counted.len();
        let mut counts = Vec::new();
        if !counted.is_empty() {
            // One call for all: a switch to another thread costs more than a count.
            let answer = self.engine.count(&counted, filter).await;
            counts = budget.unless_busy(answer)?.unwrap_or_default();
        }
        if filter.is_small() {
            for (text, &hits) in counted.into_iter().zip(&counts) {
                self.cache.insert((text, filter.clone()), (progress, version, hits));
            }
        }
        let mut counts = counts.into_iter();
        Ok(known.into_iter().map(|known| known.or_else(|| counts.next()).unwrap_or(0)).collect())
    }

    pub(super) fn clear(&self) {
        self.cache.clear();
    }
}
