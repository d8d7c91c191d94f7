//! The configured sources of a server and their crawls, as its API reads and requests them.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::client::{HttpUpstream, HttpUpstreamError};
use super::preview::{Preview, PreviewError, preview_configured};
use super::schedule::{HISTORY_LENGTH, due_at};
use super::upstream::Upstream;
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlState, SourceName, Timestamp};
use quarry_store::{Store, StoreError};

/// A source and its upstream.
#[derive(Clone)]
pub struct CrawlSource {
    /// The settings of the source.
    pub config: SourceConfig,
    /// The upstream of the source.
    pub upstream: Arc<dyn Upstream>,
}

impl CrawlSource {
    /// Creates a source with a client of its upstream.
    pub fn new(config: SourceConfig) -> Result<Self, HttpUpstreamError> {
        let upstream = Arc::new(HttpUpstream::new(&config)?);
        Ok(Self { config, upstream })
    }
}

/// The crawls of the configured sources, which a reload of the settings replaces.
#[derive(Clone)]
pub struct Crawls {
    store: Store,
    sources: watch::Receiver<Vec<CrawlSource>>,
    /// Wakes the worker.
    wake: Arc<Notify>,
}

impl Crawls {
    /// Creates the crawls of sources; `wake` wakes the worker that crawls them.
    pub fn new(store: Store, sources: watch::Receiver<Vec<CrawlSource>>, wake: Arc<Notify>) -> Self {
        Self { store, sources, wake }
    }

    /// The names of the configured sources.
    pub fn sources(&self) -> Vec<SourceName> {
        self.sources.borrow().iter().map(|source| source.config.name.clone()).collect()
    }

    /// Returns true for a configured source.
    pub fn has_source(&self, source: &SourceName) -> bool {
        self.sources.borrow().iter().any(|known| known.config.name == *source)
    }

    /// Begins a crawl of a source, or returns the running one.
    pub async fn begin(
        &self,
        source: &SourceName,
        allow_shrink: bool,
        now: Timestamp,
    ) -> Result<Crawl, StoreError> {
        let crawl = self.store.begin_crawl(source, allow_shrink, now).await?;
        self.wake.notify_one();
        Ok(crawl)
    }

    /// Returns the time of the next crawl of a source: `now` if it is due.
    ///
    /// `None` if it is not configured, is crawled at present, or waits for a request or for its parent.
    pub async fn next(&self, source: &SourceName, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let Some(config) = self.config(source) else { return Ok(None) };
        let history = self.store.crawls_of_source(source, HISTORY_LENGTH).await?;
        if history.first().is_some_and(|last| last.state == CrawlState::Running) {
            return Ok(None);
        }
        let parents = self.store.last_crawls(config.parent.as_slice()).await?;
        Ok(due_at(&config, &parents, &history).map(|due_at| due_at.max(now)))
    }

    /// Requests the first pages of a source without storing anything.
    pub async fn preview(&self, source: &SourceName, pages: usize) -> Result<Preview, PreviewError> {
        let config = self.config(source).ok_or_else(|| PreviewError::NotConfigured(source.clone()))?;
        preview_configured(&self.store, &config, pages).await
    }

    fn config(&self, source: &SourceName) -> Option<SourceConfig> {
        let sources = self.sources.borrow();
        sources.iter().find(|known| known.config.name == *source).map(|known| known.config.clone())
    }
}
