//! The crawl of one source: one request per step, recorded in the store.
//!
//! The store has the whole state of a crawl (its cursor, counts and ledger): after a crawler is dropped,
//! killed or disconnected from the database, it or another one resumes at the same page. The state in
//! memory only saves requests.

mod attempt;
mod group;
mod lists;
mod prefetch;

use quarry_runtime::boxed;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use rand::rngs::StdRng;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::group::PageGroup;
use self::prefetch::Prefetch;
use super::baseline::Baseline;
use super::cursor::{CrawlCursor, NextStep, baseline_of, can_continue, failure};
use super::lease::{CrawlLease, KnownDead};
use super::parents::{ParentList, Parents};
use super::plan::{FailureCounters, SuspectResponses, SweepHistory};
use super::progress::{Progress, StepOutcome};
use super::upstream::Upstream;
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlId, CrawlState, PagePosition, Timestamp};
use quarry_runtime::retry::Backoff;
use quarry_store::{CrawlEnd, Slice, Store, StoreError, Vanished};

/// The interval of checks for a lease that another process holds.
const HELD_POLL_INTERVAL: Duration = Duration::from_millis(500);
/// The backoff while the database is unavailable.
const STORE_BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
/// The number of earlier crawls to compare a crawl with.
const EARLIER_CRAWLS: u64 = 50;
/// The page size of reading the ledger of a resumed crawl.
const LEDGER_BATCH: u64 = 500;

/// An interrupted crawl, which can resume later.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// Another process took over the crawl.
    #[error("another process has taken over the crawl")]
    LeaseLost,
    /// The store refused a call: a defect, or an outdated schema.
    #[error(transparent)]
    Store(StoreError),
}

/// The end of a crawler's run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// The crawl ended.
    Finished(Box<Crawl>, Vanished),
    /// The run was cancelled; the crawl can resume at its page.
    Cancelled,
    /// Another process crawls this source.
    Held(Option<Uuid>),
}

/// The options of a crawler beside the settings of its source.
#[derive(Clone)]
pub struct CrawlOptions {
    /// The holder of leases: this process.
    pub holder: Uuid,
    /// Lets the crawl remove more vanished documents than the shrink guard permits.
    pub allow_shrink: bool,
    /// Waits while another process crawls the source, instead of leaving it to that process.
    pub wait_for_lease: bool,
    /// Detects dead holders of leases.
    pub known_dead: Option<KnownDead>,
}

impl CrawlOptions {
    /// Creates the default options.
    pub fn new(holder: Uuid) -> Self {
        Self { holder, allow_shrink: false, wait_for_lease: false, known_dead: None }
    }
}

/// Crawls one source.
pub struct Crawler {
    store: Store,
    upstream: Arc<dyn Upstream>,
    config: Arc<SourceConfig>,
    allow_shrink: bool,
    waits_for_lease: bool,
    lease: CrawlLease,
    /// The crawl of this run, to detect that another process ended it.
    crawl: Option<CrawlId>,
    /// Absent during a step, so that a dropped step leaves no stale state.
    active: Option<ActiveCrawl>,
    prefetch: Prefetch,
    /// Stores several pages in one transaction if they arrive without pauses.
    groups_pages: bool,
    group: PageGroup,
    /// The outcomes that the next steps return.
    outcomes: VecDeque<StepOutcome>,
    store_failures: u32,
    rng: StdRng,
}

/// The state of a running crawl.
struct ActiveCrawl {
    crawl: Crawl,
    cursor: CrawlCursor,
    baseline: Baseline,
    history: SweepHistory,
    attempts: PageAttempts,
    /// The parents of a child source.
    parents: Option<ParentLists>,
}

/// The lists of the parents of a child source.
struct ParentLists {
    parents: Parents,
    /// The list that the cursor reads; `None` before the first one, or if its parent is gone.
    current: Option<ParentList>,
}

impl ActiveCrawl {
    /// Returns the settings of the list, with the values of its parent.
    fn config<'a>(&'a self, source: &'a SourceConfig) -> &'a SourceConfig {
        self.list().map_or(source, |list| &list.config)
    }

    fn list(&self) -> Option<&ParentList> {
        self.parents.as_ref()?.current.as_ref()
    }
}

/// The attempts at the current page.
#[derive(Default)]
struct PageAttempts {
    failures: FailureCounters,
    suspects: SuspectResponses,
    /// Requests without an accepted page.
    retries: u32,
}

impl Crawler {
    /// Creates the crawler of a source. `rng` draws the jitter of delays.
    pub fn new(
        store: Store,
        upstream: Arc<dyn Upstream>,
        config: SourceConfig,
        options: CrawlOptions,
        rng: StdRng,
    ) -> Self {
        let lease = CrawlLease::new(store.clone(), &config.name, options.holder, options.known_dead);
        Self {
            store,
            upstream,
            config: Arc::new(config),
            allow_shrink: options.allow_shrink,
            waits_for_lease: options.wait_for_lease,
            lease,
            crawl: None,
            active: None,
            prefetch: Prefetch::default(),
            groups_pages: false,
            group: PageGroup::default(),
            outcomes: VecDeque::new(),
            store_failures: 0,
            rng,
        }
    }

    /// Crawls under the lease until the crawl ends or `cancel` is cancelled.
    ///
    /// Pages that arrive without pauses are stored in groups.
    #[boxed]
    pub async fn run(
        &mut self,
        cancel: &CancellationToken,
        progress: &dyn Progress,
    ) -> Result<RunEnd, CrawlError> {
        self.groups_pages = true;
        let end = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(RunEnd::Cancelled),
            end = self.run_to_end(progress) => end,
        };
        self.groups_pages = false;
        self.store_interrupted_group().await;
        self.active = None;
        self.outcomes.clear();
        self.prefetch.clear();
        self.lease.release().await;
        end
    }

    async fn run_to_end(&mut self, progress: &dyn Progress) -> Result<RunEnd, CrawlError> {
        loop {
            let lost = self.lease.heartbeat();
            let end = tokio::select! {
                end = self.run_steps(progress) => end,
                () = lost => Err(CrawlError::LeaseLost),
            };
            match end {
                // It may have expired during an outage of the database without another holder: the next
                // step acquires it again and reads the state of the crawl.
                Err(CrawlError::LeaseLost) => self.drop_lease(),
                Ok(RunEnd::Held(_)) if self.crawl.is_some() => return Err(CrawlError::LeaseLost),
                end => return end,
            }
        }
    }

    async fn run_steps(&mut self, progress: &dyn Progress) -> Result<RunEnd, CrawlError> {
        loop {
            let outcome = self.step(Utc::now()).await?;
            progress.report(&self.config.name, &outcome);
            let wait = outcome.wait();
            match outcome {
                StepOutcome::Finished { crawl, vanished } => {
                    return Ok(RunEnd::Finished(Box::new(crawl), vanished));
                }
                StepOutcome::Held { holder, .. } if !self.waits_for_lease => return Ok(RunEnd::Held(holder)),
                _ => tokio::time::sleep(wait).await,
            }
        }
    }

    /// Starts the crawl, attempts its next page, or ends it.
    #[boxed]
    pub async fn step(&mut self, now: Timestamp) -> Result<StepOutcome, CrawlError> {
        loop {
            if let Some(outcome) = self.outcomes.pop_front() {
                return Ok(outcome);
            }
            match self.advance(now).await {
                Ok(outcome) => {
                    self.store_failures = 0;
                    self.outcomes.extend(outcome);
                }
                Err(StoreError::Unavailable(cause)) => {
                    self.store_failures += 1;
                    let wait = STORE_BACKOFF.delay(self.store_failures, &mut self.rng);
                    self.outcomes.push_back(StepOutcome::StoreUnavailable { cause, wait });
                }
                Err(StoreError::LeaseLost(_)) => {
                    self.drop_lease();
                    return Err(CrawlError::LeaseLost);
                }
                // The crawl resumes at the first page of the refused group.
                Err(StoreError::Refused(_)) if self.group.take_refusal() => {}
                Err(error) => return Err(CrawlError::Store(error)),
            }
        }
    }

    /// Makes one attempt; `None` if it has no outcome of its own beside those of stored pages.
    async fn advance(&mut self, now: Timestamp) -> Result<Option<StepOutcome>, StoreError> {
        match self.active.take() {
            None => self.begin(now).await.map(Some),
            Some(active) if active.parents.is_some() => self.step_lists(active, now).await,
            Some(active) => match active.cursor.next_step(&active.crawl, &active.baseline, &self.config, now)
            {
                NextStep::Finish(end) => self.finish(active.crawl.id, end, now).await.map(Some),
                NextStep::Fetch(cursor) => self.attempt(active, *cursor, now).await,
            },
        }
    }

    fn drop_lease(&mut self) {
        self.active = None;
        self.group.clear();
        self.outcomes.clear();
        self.prefetch.clear();
        self.lease.forget();
    }

    async fn begin(&mut self, now: Timestamp) -> Result<StepOutcome, StoreError> {
        // The stored position is the one before pages that were not stored.
        self.await_stored().await;
        self.group.clear();
        if !self.lease.acquire().await? {
            return Ok(StepOutcome::Held { holder: self.lease.holder().await?, wait: HELD_POLL_INTERVAL });
        }
        let crawl = match self.crawl {
            Some(id) => {
                let crawl = self.store.crawls_by_id(&[id]).await?.remove(&id);
                crawl.ok_or_else(|| StoreError::Refused("the crawl is gone".to_owned()))?
            }
            None => self.begin_crawl(now).await?,
        };
        self.crawl = Some(crawl.id);
        if crawl.state != CrawlState::Running {
            return Ok(self.finished(crawl, Vanished::default()).await);
        }
        let earlier = self.store.crawls_of_source(&self.config.name, EARLIER_CRAWLS).await?;
        let earlier: Vec<Crawl> = earlier.into_iter().filter(|earlier| earlier.id < crawl.id).collect();
        let (crawl, continued) = self.continue_failed(crawl, &earlier, now).await?;
        let mut baseline = baseline_of(&earlier, &self.config, now);
        if self.must_read_list(&crawl, &baseline).await? {
            baseline.etag = None;
        }
        let cursor =
            self.cursor_of(&crawl).unwrap_or_else(|| CrawlCursor::start(&self.config, crawl.id, &baseline));
        let history = self.read_history(&crawl, &cursor).await?;
        let parents = self.parents_at(&cursor).await?;
        let resumed = continued || crawl.attempts > 0;
        self.active = Some(ActiveCrawl {
            crawl: crawl.clone(),
            cursor,
            baseline,
            history,
            attempts: PageAttempts::default(),
            parents,
        });
        Ok(StepOutcome::Started { crawl, resumed })
    }

    /// Returns the running crawl of the source, or a new one.
    ///
    /// A crawl with other settings cannot continue: it fails, and a new one starts.
    async fn begin_crawl(&self, now: Timestamp) -> Result<Crawl, StoreError> {
        let crawl = self.store.begin_crawl(&self.config.name, self.allow_shrink, now).await?;
        if crawl.cursor.is_none() || self.cursor_of(&crawl).is_some() {
            return Ok(crawl);
        }
        let end = failure("the settings of the source changed before the crawl had ended".to_owned());
        self.store.finish_crawl(self.lease.get(), crawl.id, end, now).await?;
        self.store.begin_crawl(&self.config.name, crawl.allow_shrink, now).await
    }

    /// Lets a crawl that has not begun continue the latest one, if that failed at a page.
    async fn continue_failed(
        &self,
        crawl: Crawl,
        earlier: &[Crawl],
        now: Timestamp,
    ) -> Result<(Crawl, bool), StoreError> {
        let failed = earlier.first().filter(|failed| can_continue(failed, &self.config, now));
        match failed.filter(|_| crawl.cursor.is_none() && crawl.attempts == 0) {
            Some(failed) => Ok((self.store.continue_crawl(self.lease.get(), crawl.id, failed).await?, true)),
            None => Ok((crawl, false)),
        }
    }

    /// Returns true if documents have vanished that only another pass over the list can remove.
    async fn must_read_list(&self, crawl: &Crawl, baseline: &Baseline) -> Result<bool, StoreError> {
        match baseline.complete_tally.filter(|_| baseline.etag.is_some()) {
            Some(tally) => Ok(crawl.allow_shrink || self.store.has_unseen(&self.config.name, tally).await?),
            None => Ok(false),
        }
    }

    /// Returns the cursor of a crawl if it fits the settings.
    fn cursor_of(&self, crawl: &Crawl) -> Option<CrawlCursor> {
        CrawlCursor::of(crawl).filter(|cursor| cursor.fits(&self.config))
    }

    /// Reads the pages of the current sweep from the ledger.
    async fn read_history(&self, crawl: &Crawl, cursor: &CrawlCursor) -> Result<SweepHistory, StoreError> {
        let mut history = SweepHistory::default();
        let first = cursor.position - i64::from(cursor.pages);
        let mut after = (first > 0).then(|| PagePosition(first - 1));
        loop {
            let pages = self.store.crawl_pages(crawl.id, Slice::first(LEDGER_BATCH).after(after)).await?;
            let Some(last) = pages.last() else { return Ok(history) };
            after = Some(last.position);
            for page in pages {
                if let Some(hash) = page.hash.filter(|_| page.sweep == cursor.sweep && page.documents > 0) {
                    history.pages.insert(hash, page.position.0);
                }
            }
        }
    }

    async fn finish(
        &mut self,
        crawl: CrawlId,
        end: CrawlEnd,
        now: Timestamp,
    ) -> Result<StepOutcome, StoreError> {
        let (crawl, vanished) = self.store.finish_crawl(self.lease.get(), crawl, end, now).await?;
        Ok(self.finished(crawl, vanished).await)
    }

    async fn finished(&mut self, crawl: Crawl, vanished: Vanished) -> StepOutcome {
        self.crawl = None;
        self.prefetch.clear();
        self.lease.release().await;
        StepOutcome::Finished { crawl, vanished }
    }
}
