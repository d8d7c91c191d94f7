//! Crawls one source: one request per step, every step written down before and after.
//!
//! All that a crawl knows is in the store (its cursor, counts and ledger), so a crawler that is
//! dropped, killed or cut off from the database goes on at its page when it, or another one,
//! is back. What is kept beside it in memory only spares requests.

mod attempt;

use quarry_runtime::boxed;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use rand::rngs::StdRng;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::cursor::{Cursor, Move, failure};
use super::lease::{CrawlLease, KnownDead};
use super::plan::{Doubts, Failures, Trail};
use super::progress::{Progress, StepOutcome};
use super::upstream::Upstream;
use quarry_config::SourceConfig;
use quarry_domain::{Crawl, CrawlId, CrawlState, PagePosition, Timestamp};
use quarry_runtime::retry::Backoff;
use quarry_store::{CrawlEnd, Slice, Store, StoreError, Vanished};

/// How often a lease that another process holds is looked at.
const HELD_WAIT: Duration = Duration::from_millis(500);
/// Between tries of a database that is away.
const STORE_BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));
/// Ledger lines read at once when a crawl is taken up.
const LEDGER_BATCH: u64 = 500;

/// Why a crawl stopped without having ended; it can be taken up later.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// Another process took the crawl over: nothing to do here.
    #[error("another process has taken over the crawl")]
    LeaseLost,
    /// The store refused a call: a defect, or a schema that is not migrated.
    #[error(transparent)]
    Store(StoreError),
}

/// How a run of a crawler ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// The crawl ended.
    Finished(Box<Crawl>, Vanished),
    /// The run was cancelled; the crawl can be taken up where it is.
    Cancelled,
    /// Another process crawls this source.
    Held(Option<Uuid>),
}

/// How a crawler behaves, beside its source's settings.
#[derive(Clone)]
pub struct CrawlOptions {
    /// This process, as leases name it.
    pub holder: Uuid,
    /// Let the crawl remove more vanished documents than the shrink guard does.
    pub allow_shrink: bool,
    /// Wait while another process crawls the source, instead of leaving it to that one.
    pub wait_for_lease: bool,
    /// Tells which holders of a lease are known to be dead.
    pub known_dead: Option<KnownDead>,
}

impl CrawlOptions {
    /// The usual behaviour, for this process.
    pub fn new(holder: Uuid) -> Self {
        Self { holder, allow_shrink: false, wait_for_lease: false, known_dead: None }
    }
}

/// Crawls one source.
pub struct Crawler {
    store: Store,
    upstream: Arc<dyn Upstream>,
    config: SourceConfig,
    allow_shrink: bool,
    waits_for_lease: bool,
    lease: CrawlLease,
    /// The crawl that was begun here, to notice if another process has ended it meanwhile.
    crawl: Option<CrawlId>,
    /// Taken out during a step: a step that is dropped half-way leaves nothing stale behind.
    run: Option<Run>,
    store_failures: u32,
    rng: StdRng,
}

/// A crawl under way.
struct Run {
    crawl: Crawl,
    cursor: Cursor,
    trail: Trail,
    tries: Tries,
}

/// What was tried for the current page.
#[derive(Default)]
struct Tries {
    failures: Failures,
    doubts: Doubts,
    /// Requests of any kind that brought no page.
    in_vain: u32,
}

impl Crawler {
    /// A crawler of one source. `rng` makes the jitter: `rand::make_rng()`, or a seeded one.
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
            config,
            allow_shrink: options.allow_shrink,
            waits_for_lease: options.wait_for_lease,
            lease,
            crawl: None,
            run: None,
            store_failures: 0,
            rng,
        }
    }

    /// Runs until the crawl has ended, or `cancel` says so, holding the lease meanwhile.
    #[boxed]
    pub async fn run(
        &mut self,
        cancel: &CancellationToken,
        progress: &dyn Progress,
    ) -> Result<RunEnd, CrawlError> {
        let end = tokio::select! {
            biased;
            () = cancel.cancelled() => Ok(RunEnd::Cancelled),
            end = self.run_to_end(progress) => end,
        };
        self.run = None;
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
                // It may have lapsed while the database was away, with nobody there to take
                // it: the next step finds out, and reads anew how the crawl stands.
                Err(CrawlError::LeaseLost) => self.let_go(),
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

    /// Begins the crawl, makes one attempt at its next page, or ends it.
    #[boxed]
    pub async fn step(&mut self, now: Timestamp) -> Result<StepOutcome, CrawlError> {
        let outcome = match self.run.take() {
            None => self.begin(now).await,
            Some(run) => match run.cursor.next_move(&run.crawl, &self.config, now) {
                Move::Finish(end) => self.finish(run.crawl.id, end, now).await,
                Move::Fetch(cursor) => self.attempt(run, *cursor, now).await,
            },
        };
        match outcome {
            Ok(outcome) => {
                self.store_failures = 0;
                Ok(outcome)
            }
            Err(StoreError::Unavailable(cause)) => {
                self.store_failures += 1;
                let wait = STORE_BACKOFF.delay(self.store_failures, &mut self.rng);
                Ok(StepOutcome::StoreDown { cause, wait })
            }
            Err(StoreError::LeaseLost(_)) => {
                self.let_go();
                Err(CrawlError::LeaseLost)
            }
            Err(error) => Err(CrawlError::Store(error)),
        }
    }

    fn let_go(&mut self) {
        self.run = None;
        self.lease.forget();
    }

    async fn begin(&mut self, now: Timestamp) -> Result<StepOutcome, StoreError> {
        if !self.lease.acquire().await? {
            return Ok(StepOutcome::Held { holder: self.lease.holder().await?, wait: HELD_WAIT });
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
        let cursor = self.cursor_of(&crawl).unwrap_or_else(|| Cursor::start(&self.config));
        let trail = self.read_trail(&crawl, &cursor).await?;
        let resumed = crawl.attempts > 0;
        self.run = Some(Run { crawl: crawl.clone(), cursor, trail, tries: Tries::default() });
        Ok(StepOutcome::Begun { crawl, resumed })
    }

    /// The running crawl of the source, or a new one. A crawl that was begun with other
    /// settings cannot be gone on with, so it gives way to a new one.
    async fn begin_crawl(&self, now: Timestamp) -> Result<Crawl, StoreError> {
        let crawl = self.store.begin_crawl(&self.config.name, self.allow_shrink, now).await?;
        if crawl.cursor.is_none() || self.cursor_of(&crawl).is_some() {
            return Ok(crawl);
        }
        let end = failure("the settings of the source changed before the crawl had ended".to_owned());
        self.store.finish_crawl(self.lease.get(), crawl.id, end, now).await?;
        self.store.begin_crawl(&self.config.name, crawl.allow_shrink, now).await
    }

    /// Where a crawl stands, if its cursor can be read and fits the settings.
    fn cursor_of(&self, crawl: &Crawl) -> Option<Cursor> {
        let cursor: Cursor = serde_json::from_str(crawl.cursor.as_deref()?).ok()?;
        cursor.fits(&self.config).then_some(cursor)
    }

    /// The pages of the sweep so far, from the ledger.
    async fn read_trail(&self, crawl: &Crawl, cursor: &Cursor) -> Result<Trail, StoreError> {
        let mut trail = Trail::default();
        let first = cursor.position - i64::from(cursor.pages);
        let mut after = (first > 0).then(|| PagePosition(first - 1));
        loop {
            let pages = self.store.crawl_pages(crawl.id, Slice::first(LEDGER_BATCH).after(after)).await?;
            let Some(last) = pages.last() else { return Ok(trail) };
            after = Some(last.position);
            for page in pages {
                if let Some(hash) = page.hash.filter(|_| page.sweep == cursor.sweep && page.documents > 0) {
                    trail.pages.insert(hash, page.position.0);
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
        self.lease.release().await;
        StepOutcome::Finished { crawl, vanished }
    }
}
