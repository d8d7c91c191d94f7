//! The worker that crawls the due sources of a server, each under its lease.
//!
//! Independent of the command line and GraphQL: `Crawls` begins a crawl in the store and wakes the worker, which
//! resumes every running crawl without a lease.

use quarry_runtime::boxed;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::crawler::{CrawlError, CrawlOptions, Crawler, RunEnd};
use super::crawls::{CrawlSource, Crawls};
use super::lease::CrawlLease;
use super::progress::Progress;
use super::schedule::{HISTORY_LENGTH, is_due};
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

/// The handle that replaces the sources of a running worker.
#[derive(Clone)]
pub struct CrawlSources {
    configured: Arc<watch::Sender<Vec<CrawlSource>>>,
    wake: Arc<Notify>,
}

impl CrawlSources {
    /// Replaces the sources.
    ///
    /// Running crawls of changed and of removed sources stop at their page; those of unchanged ones continue.
    pub fn replace(&self, sources: Vec<CrawlSource>) {
        self.configured.send_replace(sources);
        self.wake.notify_one();
    }
}

/// A crawl that this worker runs.
struct RunningCrawl {
    source: SourceName,
    stop: CancellationToken,
}

/// Crawls due sources.
pub struct CrawlWorker {
    store: Store,
    sources: Vec<CrawlSource>,
    configured: (Arc<watch::Sender<Vec<CrawlSource>>>, watch::Receiver<Vec<CrawlSource>>),
    options: CrawlOptions,
    progress: Arc<dyn Progress>,
    wake: Arc<Notify>,
    crawls: JoinSet<Result<(), CrawlError>>,
    running: HashMap<Id, RunningCrawl>,
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
        let (configured, receiver) = watch::channel(sources.clone());
        Self {
            store,
            configured: (Arc::new(configured), receiver),
            sources,
            options: CrawlOptions { wait_for_lease: false, allow_shrink: false, ..options },
            progress,
            wake: Arc::new(Notify::new()),
            crawls: JoinSet::new(),
            running: HashMap::new(),
            paused_until: HashMap::new(),
        }
    }

    /// Returns the handle of the API.
    pub fn crawls(&self) -> Crawls {
        Crawls::new(self.store.clone(), self.configured.1.clone(), self.wake.clone())
    }

    /// Returns the handle that replaces the sources.
    pub fn sources(&self) -> CrawlSources {
        CrawlSources { configured: self.configured.0.clone(), wake: self.wake.clone() }
    }

    /// Crawls due sources until cancelled; running crawls then stop and release their leases.
    #[boxed]
    pub async fn run(mut self, cancel: CancellationToken, pulse: Pulse) {
        let wake = self.wake.clone();
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
        self.apply_replaced();
        let names: Vec<SourceName> = self.sources.iter().map(|source| source.config.name.clone()).collect();
        let last_crawls = self.store.last_crawls(&names).await?;
        let mut started = Vec::new();
        for source in self.sources.clone() {
            let name = source.config.name.clone();
            let is_running_here = self.running.values().any(|crawl| crawl.source == name);
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
            if is_due(&source.config, &last_crawls, &history, now) {
                let stop = cancel.child_token();
                let crawl = crawl_if_due(
                    self.store.clone(),
                    source,
                    self.options.clone(),
                    self.progress.clone(),
                    stop.clone(),
                    now,
                );
                let task = self.crawls.spawn(crawl).id();
                self.running.insert(task, RunningCrawl { source: name.clone(), stop });
                started.push(name);
            }
        }
        Ok(started)
    }

    /// Takes over replaced sources, and stops crawls with settings that no longer apply.
    fn apply_replaced(&mut self) {
        if !self.configured.1.has_changed().unwrap_or(false) {
            return;
        }
        let mut next = self.configured.1.borrow_and_update().clone();
        let mut outdated = Vec::new();
        for source in &self.sources {
            match next.iter_mut().find(|next| next.config == source.config) {
                // Its connections stay open.
                Some(same) => same.upstream = source.upstream.clone(),
                None => outdated.push(source.config.name.clone()),
            }
        }
        for crawl in self.running.values().filter(|crawl| outdated.contains(&crawl.source)) {
            crawl.stop.cancel();
        }
        self.paused_until.retain(|source, _| !outdated.contains(source));
        self.sources = next;
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
        let Some(RunningCrawl { source, .. }) = self.running.remove(&id) else { return };
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
    let parents = store.last_crawls(config.parent.as_slice()).await?;
    Ok(is_due(config, &parents, &history, now))
}
