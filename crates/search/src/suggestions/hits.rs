//! How many documents a suggestion finds, in the index as it is.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::super::engine::{SearchEngine, SearchError};
use super::super::indexer::{IndexFollower, IndexProgress};
use super::super::request::{SearchRequest, SearchSort};

/// Texts whose hits are kept: of [`super::LONGEST`] characters, some megabytes.
const KEPT: usize = 20_000;

/// What one answer may cost.
pub(super) struct Allowance {
    searches_left: usize,
    /// The engine refused a search, since too many are under way.
    pub(super) was_refused: bool,
}

impl Allowance {
    pub(super) fn of(searches: usize) -> Self {
        Self { searches_left: searches, was_refused: false }
    }

    /// What the engine answered, unless it is too busy: then it is asked nothing more.
    pub(super) fn unless_busy<T>(
        &mut self,
        answer: Result<T, SearchError>,
    ) -> Result<Option<T>, SearchError> {
        if matches!(answer, Err(SearchError::TooBusy)) {
            *self = Self { searches_left: 0, was_refused: true };
            return Ok(None);
        }
        answer.map(Some)
    }
}

/// Counts hits, and keeps the counts until the index changes.
pub(super) struct Hits {
    engine: Arc<dyn SearchEngine>,
    index: IndexFollower,
    kept: Cache<String, (IndexProgress, Option<u64>)>,
}

impl Hits {
    pub(super) fn new(engine: Arc<dyn SearchEngine>, index: IndexFollower) -> Self {
        Self { engine, index, kept: Cache::new(KEPT) }
    }

    /// What a search for a text finds if documents have all of its words as they are; `None` if
    /// none has, or if it is not known and no more searches may be made.
    pub(super) async fn of(&self, text: &str, allowance: &mut Allowance) -> Result<Option<u64>, SearchError> {
        // Before the search, which may see more, but nothing less.
        let now = self.index.progress();
        if let Some((at, hits)) = self.kept.get(text)
            && at == now
        {
            return Ok(hits);
        }
        if allowance.searches_left == 0 {
            return Ok(None);
        }
        allowance.searches_left -= 1;
        // Where documents have all the words, a search that forgives finds the same; and the order
        // that costs least is as good as any.
        let request = SearchRequest {
            typo_tolerance: false,
            relaxes: false,
            sort: SearchSort::Newest,
            ..SearchRequest::new(text, 0)
        };
        let Some(answer) = allowance.unless_busy(self.engine.search(&request).await)? else {
            return Ok(None);
        };
        let found = answer.total;
        let hits = (found > 0).then_some(found);
        self.kept.insert(text.to_owned(), (now, hits));
        Ok(hits)
    }

    pub(super) fn clear(&self) {
        self.kept.clear();
    }
}
