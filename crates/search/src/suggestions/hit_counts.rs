//! The number of documents that a suggestion finds in the present index.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::super::engine::{SearchEngine, SearchError};
use super::super::indexer::{IndexFollower, IndexProgress};
use super::super::request::{SearchRequest, SearchSort};

/// Cached texts of up to [`super::MAX_CHARS`] characters: a few megabytes.
const CACHED_TEXTS: usize = 20_000;

/// The searches that one answer may run.
pub(super) struct SearchBudget {
    remaining: usize,
    /// True if the engine was too busy for a search.
    pub(super) was_rejected: bool,
}

impl SearchBudget {
    pub(super) fn new(searches: usize) -> Self {
        Self { remaining: searches, was_rejected: false }
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

/// Counts hits, and caches the counts until the index changes.
pub(super) struct HitCounts {
    engine: Arc<dyn SearchEngine>,
    index: IndexFollower,
    cache: Cache<String, (IndexProgress, Option<u64>)>,
}

impl HitCounts {
    pub(super) fn new(engine: Arc<dyn SearchEngine>, index: IndexFollower) -> Self {
        Self { engine, index, cache: Cache::new(CACHED_TEXTS) }
    }

    /// Returns the number of documents with all words of a text.
    ///
    /// `None` if there are none, or if it is not cached and the budget is used up.
    pub(super) async fn get(
        &self,
        text: &str,
        budget: &mut SearchBudget,
    ) -> Result<Option<u64>, SearchError> {
        // Read before the search, which may see more changes, but never fewer.
        let progress = self.index.progress();
        if let Some((at, hits)) = self.cache.get(text)
            && at == progress
        {
            return Ok(hits);
        }
        if budget.remaining == 0 {
            return Ok(None);
        }
        budget.remaining -= 1;
        // If documents contain all words, a tolerant search finds the same. By time is the cheapest order.
        let request = SearchRequest {
            typo_tolerance: false,
            relaxes: false,
            sort: SearchSort::Newest,
            ..SearchRequest::new(text, 0)
        };
        let Some(answer) = budget.unless_busy(self.engine.search(&request).await)? else {
            return Ok(None);
        };
        let hits = (answer.total > 0).then_some(answer.total);
        self.cache.insert(text.to_owned(), (progress, hits));
        Ok(hits)
    }

    pub(super) fn clear(&self) {
        self.cache.clear();
    }
}
