//! How many documents a suggestion finds, in the index as it is.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::super::engine::{SearchEngine, SearchError};
use super::super::indexer::{IndexFollower, IndexProgress};
use super::super::request::{SearchRequest, SearchSort};

/// Texts whose hits are kept: of [`super::LONGEST`] characters, some megabytes.
const KEPT: usize = 20_000;

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
    pub(super) async fn of(&self, text: &str, searches_left: &mut usize) -> Result<Option<u64>, SearchError> {
        // Before the search, which may see more, but nothing less.
        let now = self.index.progress();
        if let Some((at, hits)) = self.kept.get(text)
            && at == now
        {
            return Ok(hits);
        }
        if *searches_left == 0 {
            return Ok(None);
        }
        *searches_left -= 1;
        // Where documents have all the words, a search that forgives finds the same; and the order
        // that costs least is as good as any.
        let request = SearchRequest {
            typo_tolerance: false,
            relaxes: false,
            sort: SearchSort::Newest,
            ..SearchRequest::new(text, 0)
        };
        let found = self.engine.search(&request).await?.total;
        let hits = (found > 0).then_some(found);
        self.kept.insert(text.to_owned(), (now, hits));
        Ok(hits)
    }

    pub(super) fn clear(&self) {
        self.kept.clear();
    }
}
