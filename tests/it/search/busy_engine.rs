//! An engine whose searches a test can make fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use prometheus_client::registry::Registry;
use quarry::domain::Revision;
use quarry::search::{
    Batch, CompletionRequest, DocumentFilter, EngineHealth, Rulebook, SearchAnswer, SearchEngine,
    SearchError, SearchRequest,
};

/// An engine that is too busy while a test sets it so.
pub(super) struct BusyEngine {
    pub(super) engine: Arc<dyn SearchEngine>,
    pub(super) is_busy: AtomicBool,
}

impl BusyEngine {
    fn free(&self) -> Result<&dyn SearchEngine, SearchError> {
        if self.is_busy.load(Ordering::SeqCst) { Err(SearchError::TooBusy) } else { Ok(&*self.engine) }
    }
}

#[async_trait]
impl SearchEngine for BusyEngine {
    async fn search(&self, request: &SearchRequest) -> Result<SearchAnswer, SearchError> {
        self.free()?.search(request).await
    }
    async fn apply(&self, batch: Batch) -> Result<Revision, SearchError> {
        self.engine.apply(batch).await
    }
    async fn applied_through(&self) -> Result<Option<(uuid::Uuid, Revision)>, SearchError> {
        self.engine.applied_through().await
    }
    async fn reset(&self) -> Result<(), SearchError> {
        self.engine.reset().await
    }
    async fn complete(&self, request: &CompletionRequest) -> Result<Vec<String>, SearchError> {
        self.free()?.complete(request).await
    }
    async fn count(&self, texts: &[String], filter: &DocumentFilter) -> Result<Vec<u64>, SearchError> {
        self.free()?.count(texts, filter).await
    }
    fn use_rulebook(&self, rulebook: Arc<Rulebook>) {
        self.engine.use_rulebook(rulebook);
    }
    fn rulebook(&self) -> Arc<Rulebook> {
        self.engine.rulebook()
    }
    async fn health(&self) -> Result<EngineHealth, SearchError> {
        self.engine.health().await
    }
    fn register_metrics(&self, registry: &mut Registry) {
        self.engine.register_metrics(registry);
    }
}
