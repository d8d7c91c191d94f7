//! The worker that crawls the due sources of a server, each under its lease.
//!
//! Independent of the command line and GraphQL: `startCrawl` begins a crawl in the store and wakes the
//! worker, which resumes every running crawl without a lease.

use quarry_runtime::boxed;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::crawler::{CrawlError, CrawlOptions, Crawler, RunEnd};
use super::lease::CrawlLease;
use super::progress::Progress;
use super::schedule::{HISTORY_LENGTH, is_due};
use super::upstream::Upstream;
use quarry_config::SourceConfig;
use quarry_domain::{CrawlState, SourceName, Timestamp};
use quarry_runtime::supervisor::Pulse;
use quarry_store::{Store, StoreError};

/// The maximum number of concurrent crawls of a server.
const MAX_CRAWLS: usize = 4;
/// The interval of checks for due sources.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// The pause of a source after an error of its crawl.
const ERROR_PAUSE: Duration = Duration::from_secs(60);

/// A source and its upstream.
#[derive(Clone)]
pub struct CrawlSource {
    /// The settings of the source.
    pub config: SourceConfig,
    /// The upstream of the source.
    pub upstream: Arc<dyn Upstream>,
}

/// Crawls due sources.
pub struct CrawlWorker {
    store: Store,
    sources: Vec<CrawlSource>,
    options: CrawlOptions,
    progress: Arc<dyn Progress>,
    wake: Arc<Notify>,
    crawls: JoinSet<Result<(), CrawlError>>,
    sources_by_task: HashMap<Id, SourceName>,
    paused_until: HashMap<SourceName, Timestamp>,
}

impl CrawlWorker {
    /// Creates a worker for sources; `options` names the process as the holder of leases.
    pub fn new(
        store: Store,
        sources: Vec<CrawlSource>,
        options: CrawlOptions,
        progress: Arc<dyn Progress>,
    ) -> Self {
        Self {
            store,
            sources,
            options: CrawlOptions { wait_for_lease: false, allow_shrink: false, ..options },
            progress,
            wake: Arc::new(Notify::new()),
            crawls: JoinSet::new(),
            sources_by_task: HashMap::new(),
            paused_until: HashMap::new(),
        }
    }

    /// Returns the handle that wakes the worker after a crawl began in the store.
    pub fn waker(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// Crawls due sources until cancelled; running crawls then stop and release their leases.
    #[boxed]
    pub async fn run(mut self, cancel: CancellationToken, pulse: Pulse) {
        let wake = self.waker();
        while !cancel.is_cancelled() {
            match self.step(Utc::now(), &cancel).await {
                Ok(_) => pulse.succeeded(),
                Err(error) => {
                    pulse.failed();
                    tracing::warn!(%error, "cannot check the sources: the store is unavailable");
                }
            }
            tokio::select! {
                () = cancel.cancelled() => {}
                () = wake.notified() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
                () = self.join_next(), if !self.crawls.is_empty() => {}
            }
        }
        self.join_all().await;
    }

    /// Starts crawls of due sources up to the limit, and returns their names.
    #[boxed]
    pub async fn step(
        &mut self,
        now: Timestamp,
        cancel: &CancellationToken,
    ) -> Result<Vec<SourceName>, StoreError> {
        let names: Vec<SourceName> = self.sources.iter().map(|source| source.config.name.clone()).collect();
        let last_crawls = self.store.last_crawls(&names).await?;
        let mut started = Vec::new();
        for source in self.sources.clone() {
            let name = source.config.name.clone();
            let is_running_here = self.sources_by_task.values().any(|source| *source == name);
            let is_paused = self.paused_until.get(&name).is_some_and(|until| now < *until);
            if self.crawls.len() >= MAX_CRAWLS || is_running_here || is_paused {
                continue;
            }
            let history = match last_crawls.get(&name) {
                None => Vec::new(),
                Some(last) if matches!(last.state, CrawlState::Running | CrawlState::Completed) => {
                    vec![last.clone()]
                }
                Some(_) => self.store.crawls_of_source(&name, HISTORY_LENGTH).await?,
            };
            if is_due(&history, now, source.config.refresh, source.config.schedule.as_ref()) {
                let crawl = crawl_if_due(
                    self.store.clone(),
                    source,
                    self.options.clone(),
                    self.progress.clone(),
                    cancel.clone(),
                    now,
                );
                self.sources_by_task.insert(self.crawls.spawn(crawl).id(), name.clone());
                started.push(name);
            }
        }
        Ok(started)
    }

    /// Waits for all crawls to stop.
    #[boxed]
    pub async fn join_all(&mut self) {
        while !self.crawls.is_empty() {
            self.join_next().await;
        }
    }

    /// Waits for one crawl to stop.
    async fn join_next(&mut self) {
        let Some(joined) = self.crawls.join_next_with_id().await else { return };
        let (id, problem) = match joined {
            Ok((id, Ok(()))) => (id, None),
            Ok((id, Err(error))) => (id, Some(error.to_string())),
            Err(error) => (error.id(), Some(error.to_string())),
        };
        let Some(source) = self.sources_by_task.remove(&id) else { return };
        if let Some(error) = problem {
            tracing::error!(source.name = %source, error, "crawl stopped");
            self.paused_until.insert(source, Utc::now() + ERROR_PAUSE);
        } else {
            self.paused_until.remove(&source);
        }
    }
}

/// Crawls a source if it is still due under its lease.
///
/// Another server may have crawled it since the check.
async fn crawl_if_due(
    store: Store,
    source: CrawlSource,
    options: CrawlOptions,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
    now: Timestamp,
) -> Result<(), CrawlError> {
    let CrawlSource { config, upstream } = source;
    let lease = CrawlLease::new(store.clone(), &config.name, options.holder, options.known_dead.clone());
    match acquire_if_due(&store, &lease, &config, now).await {
        Ok(true) => {}
        Ok(false) | Err(StoreError::Unavailable(_) | StoreError::LeaseLost(_)) => {
            lease.release().await;
            return Ok(());
        }
        Err(error) => return Err(CrawlError::Store(error)),
    }
    let mut crawler = Crawler::new(store, upstream, config, options, rand::make_rng());
    match crawler.run(&cancel, progress.as_ref()).await {
        Ok(RunEnd::Finished(..) | RunEnd::Cancelled | RunEnd::Held(_)) | Err(CrawlError::LeaseLost) => Ok(()),
        Err(error) => Err(error),
    }
}

async fn acquire_if_due(
    store: &Store,
    lease: &CrawlLease,
    config: &SourceConfig,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !lease.acquire().await? {
        return Ok(false);
    }
    let history = store.crawls_of_source(&config.name, HISTORY_LENGTH).await?;
    Ok(is_due(&history, now, config.refresh, config.schedule.as_ref()))
}
