//! The position of the document before a page.

use serde_json::{Value, json};

use super::clauses::ids;
use super::document::hits_of;
use super::mapping::MAX_WINDOW;
use super::search::SearchRun;
use super::sorting::{after_key, key_of};
use crate::cursor::{SearchCursor, SortKey};
use crate::engine::SearchError;
use crate::filter::DocumentFilter;

/// The document before a page.
pub(super) struct PrecedingHit {
    pub(super) key: SortKey,
    /// Its values in the order of the engine.
    pub(super) values: Value,
}

impl SearchRun<'_> {
    /// Returns the present position of the document before a page.
    ///
    /// Scores change with every commit, so those of a document that still matches are looked up again.
    pub(super) async fn position(&mut self, cursor: &SearchCursor) -> Result<PrecedingHit, SearchError> {
        let key = &cursor.key;
        let used = self.tiers.iter().filter(|tier| tier.rank <= cursor.depth).count();
        if used > 0 {
            self.prepare(used - 1).await?;
        }
        let bodies = (0..used).map(|at| {
            let mut body = self.body(at, &DocumentFilter::default());
            body["size"] = json!(1);
            body["_source"] = json!(false);
            let filtered = json!({ "bool": { "must": [body["query"].take()], "filter": [ids([key.id])] } });
            body["query"] = filtered;
            body
        });
        let answers = self.searcher.copies.search(bodies.collect()).await?;
        for (tier, answer) in self.tiers.iter().zip(&answers) {
            if let Some(hit) = answer["hits"]["hits"].get(0) {
                let key = self.key_of(tier.rank, hit)?;
                return Ok(PrecedingHit { key, values: hit["sort"].clone() });
            }
        }
        Ok(PrecedingHit { key: key.clone(), values: after_key(self.request, key) })
    }

    /// Returns the number of hits of a tier up to a key, which the engine cannot continue after.
    pub(super) async fn hits_through(&self, body: &Value, key: &SortKey) -> Result<usize, SearchError> {
        let mut body = body.clone();
        body["size"] = json!(MAX_WINDOW);
        body["_source"] = json!(false);
        body["aggs"] = json!({});
        let mut answer = self.searcher.copies.search_one(body).await?;
        let mut hits = 0;
        for hit in hits_of(&mut answer) {
            let at = self.key_of(key.tier, &hit)?;
            if at.id != key.id && at.compare(key, &self.request.order_by, self.request.sort).is_gt() {
                break;
            }
            hits += 1;
            if at.id == key.id {
                break;
            }
        }
        if hits + self.request.first >= MAX_WINDOW {
            return Err(SearchError::Unsupported(
                "pages of `distinct` and of orders by distance after the first 20,000 hits",
            ));
        }
        Ok(hits)
    }

    pub(super) fn key_of(&self, tier: u8, hit: &Value) -> Result<SortKey, SearchError> {
        let key = key_of(self.request, tier, hit);
        key.ok_or_else(|| SearchError::Failed("a hit has no sort values".to_owned()))
    }
}
