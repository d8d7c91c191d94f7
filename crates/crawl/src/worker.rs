//! Crawls the sources of a server when they are due: a few at once, each under its lease.
//!
//! Deliberately knows neither the command line nor GraphQL: `startCrawl` begins a crawl in the
//! store and wakes the worker, which takes up every crawl that is running and not leased.

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
use super::schedule::{HISTORY, is_due};
use super::upstream::Upstream;
use quarry_config::SourceConfig;
use quarry_domain::{CrawlState, SourceName, Timestamp};
use quarry_runtime::supervisor::Pulse;
use quarry_store::{Store, StoreError};

/// Crawls that one server runs at once.
const MAX_CRAWLS: usize = 4;
/// How often the worker looks for sources that are due.
const POLL: Duration = Duration::from_secs(2);
/// How long a source rests whose crawl the store refused.
const REST: Duration = Duration::from_secs(60);

/// A source to crawl, and how to reach it.
#[derive(Clone)]
pub struct CrawlSource {
    /// Its settings.
    pub config: SourceConfig,
    /// Its upstream.
    pub upstream: Arc<dyn Upstream>,
}

/// Crawls sources when they are due.
pub struct CrawlWorker {
    store: Store,
    sources: Vec<CrawlSource>,
    options: CrawlOptions,
    progress: Arc<dyn Progress>,
    wake: Arc<Notify>,
    crawls: JoinSet<Result<(), CrawlError>>,
    /// Which source each task crawls.
    crawled: HashMap<Id, SourceName>,
    resting: HashMap<SourceName, Timestamp>,
}

impl CrawlWorker {
    /// A worker for these sources; `options` names the process as a holder of leases.
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
            crawled: HashMap::new(),
            resting: HashMap::new(),
        }
    }

    /// Makes the worker look at once (after a crawl was begun in the store).
    pub fn waker(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// Looks for due sources until cancelled; crawls that are under way then stop where they
    /// are, and give their leases back.
    #[boxed]
    pub async fn run(mut self, cancel: CancellationToken, pulse: Pulse) {
        let wake = self.waker();
        while !cancel.is_cancelled() {
            match self.step(Utc::now(), &cancel).await {
                Ok(_) => pulse.succeeded(),
                Err(error) => {
                    pulse.failed();
                    tracing::warn!(%error, "sources not looked at: the store did not answer");
                }
            }
            tokio::select! {
                () = cancel.cancelled() => {}
                () = wake.notified() => {}
                () = tokio::time::sleep(POLL) => {}
                () = self.settle_one(), if !self.crawls.is_empty() => {}
            }
        }
        self.settle().await;
    }

    /// Starts a crawl of every due source, as far as there is room; returns their names.
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
            let is_running_here = self.crawled.values().any(|crawled| *crawled == name);
            let is_resting = self.resting.get(&name).is_some_and(|until| now < *until);
            if self.crawls.len() >= MAX_CRAWLS || is_running_here || is_resting {
                continue;
            }
            let history = match last_crawls.get(&name) {
                None => Vec::new(),
                Some(last) if matches!(last.state, CrawlState::Running | CrawlState::Completed) => {
                    vec![last.clone()]
                }
                Some(_) => self.store.crawls_of_source(&name, HISTORY).await?,
            };
            if is_due(&history, now, source.config.refresh) {
                let crawl = crawl_if_due(
                    self.store.clone(),
                    source,
                    self.options.clone(),
                    self.progress.clone(),
                    cancel.clone(),
                    now,
                );
                self.crawled.insert(self.crawls.spawn(crawl).id(), name.clone());
                started.push(name);
            }
        }
        Ok(started)
    }

    /// Waits until no crawl is under way.
    #[boxed]
    pub async fn settle(&mut self) {
        while !self.crawls.is_empty() {
            self.settle_one().await;
        }
    }

    /// Waits for one crawl to stop.
    async fn settle_one(&mut self) {
        let Some(joined) = self.crawls.join_next_with_id().await else { return };
        let (id, problem) = match joined {
            Ok((id, Ok(()))) => (id, None),
            Ok((id, Err(error))) => (id, Some(error.to_string())),
            Err(error) => (error.id(), Some(error.to_string())),
        };
        let Some(source) = self.crawled.remove(&id) else { return };
        if let Some(error) = problem {
            tracing::error!(source.name = %source, error, "crawl stopped");
            self.resting.insert(source, Utc::now() + REST);
        } else {
            self.resting.remove(&source);
        }
    }
}

/// Crawls a source if it is still due when its lease is held: another server may have crawled
/// it since this one looked.
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
    match is_ours(&store, &lease, &config, now).await {
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

async fn is_ours(
    store: &Store,
    lease: &CrawlLease,
    config: &SourceConfig,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if !lease.acquire().await? {
        return Ok(false);
    }
    Ok(is_due(&store.crawls_of_source(&config.name, HISTORY).await?, now, config.refresh))
}
