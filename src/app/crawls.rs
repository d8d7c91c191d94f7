//! Crawls: the sources and options of the settings, and a crawl on request.

use std::sync::Arc;

use anyhow::Result;
use tokio_util::sync::CancellationToken;

use super::data_folder::{INSTANCES_FOLDER, register};
use crate::config::{Settings, SourceConfig};
use crate::crawl::{
    CrawlMetrics, CrawlOptions, CrawlSource, CrawlSources, Crawler, HttpUpstream, Progress, PurgeError,
    RunEnd,
};
use crate::domain::SourceName;
use crate::instance::Instance;
use crate::store::Store;

/// Crawls one source now, due or not.
pub async fn crawl(
    settings: &Settings,
    store: Store,
    source: &SourceConfig,
    allow_shrink: bool,
    progress: &dyn Progress,
    cancel: &CancellationToken,
) -> Result<RunEnd> {
    let instance = register(settings)?;
    let upstream = Arc::new(HttpUpstream::new(source)?);
    let options = CrawlOptions { allow_shrink, wait_for_lease: true, ..options(settings, &instance) };
    let mut crawler = Crawler::new(store, upstream, source.clone(), options, rand::make_rng());
    Ok(crawler.run(cancel, progress).await?)
}

/// Removes all documents of a source; `progress` receives the number of removed ones.
pub async fn purge(
    settings: &Settings,
    store: &Store,
    source: &SourceName,
    progress: impl FnMut(u64) + Send,
) -> Result<u64, PurgeError> {
    let instance = register(settings).map_err(|error| PurgeError::Unregistered(format!("{error:#}")))?;
    crate::crawl::purge(store, source, options(settings, &instance), progress).await
}

/// The parts of a running server that depend on its sources.
pub(super) struct LiveSources {
    pub(super) crawls: CrawlSources,
    pub(super) metrics: CrawlMetrics,
}

impl LiveSources {
    /// Replaces the sources of the server by these.
    pub(super) fn replace(&self, sources: Vec<CrawlSource>) {
        // The counters of a new source exist before its first crawl.
        self.metrics.replace_sources(sources.iter().map(|source| source.config.name.clone()));
        self.crawls.replace(sources);
    }
}

/// Returns the options of a server's crawls.
pub(super) fn options(settings: &Settings, instance: &Instance) -> CrawlOptions {
    let folder = settings.data_dir.join(INSTANCES_FOLDER);
    let mut options = CrawlOptions::new(instance.id());
    options.known_dead = Some(Arc::new(move |holder| Instance::knows_dead(&folder, holder)));
    options
}

/// Returns the configured sources, each with its client.
pub(super) fn sources(settings: &Settings) -> Result<Vec<CrawlSource>> {
    let sources = settings.sources.crawled.iter().cloned().map(CrawlSource::new);
    Ok(sources.collect::<Result<_, _>>()?)
}
