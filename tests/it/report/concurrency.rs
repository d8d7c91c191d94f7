//! The limit of concurrent computations, and the time limit of coverage.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::Utc;
use futures_util::future::join_all;
use quarry::cache::{CacheLimits, LocalCache};
use quarry::domain::Timestamp;
use quarry::report::{CacheStatus, Coverage, CoverageError, ReportPeriod, Reports, TopSearches};
use tokio::sync::Semaphore;

use super::fixture::{TTL, at, between};
use crate::support::databases::TestDatabase;
use crate::support::wait::{ends, until};

/// A coverage that blocks computations, and counts them.
struct GatedCoverage {
    begun: AtomicUsize,
    waiting: AtomicUsize,
    /// The end of the last wait.
    ended: Mutex<Option<Timestamp>>,
    open: Semaphore,
}

impl GatedCoverage {
    fn closed() -> Arc<Self> {
        Arc::new(Self {
            begun: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            ended: Mutex::default(),
            open: Semaphore::new(0),
        })
    }

    fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }
}

/// A waiting computation, which may be cancelled.
struct WaitGuard<'a>(&'a GatedCoverage);

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        *self.0.ended.lock().unwrap() = Some(Utc::now());
    }
}

#[async_trait]
impl Coverage for GatedCoverage {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = WaitGuard(self);
        self.open.acquire().await.unwrap().forget();
        Ok(None)
    }
}

#[tokio::test]
async fn concurrent_computations_are_limited() {
    const CALLS: usize = 50;
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let gate = GatedCoverage::closed();
    let cache = Arc::new(LocalCache::new(CacheLimits::default()));
    let reports = Reports::new(store, cache, gate.clone(), TTL);
    let calls = (0..CALLS).map(|_| {
        let reports = reports.clone();
        tokio::spawn(async move {
            reports
                .get(
                    TopSearches { period: ReportPeriod::default(), facts: Vec::new(), offset: 0, first: 10 },
                    true,
                )
                .await
                .unwrap()
        })
    });
    let calls: Vec<_> = calls.collect();
    until("the first computations", async || (gate.waiting() > 1).then_some(())).await;
    // After 1,000 turns of the single thread, every computation that can start has started.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
        assert!(gate.waiting() < 10, "{} at a time", gate.waiting());
    }
    gate.open.add_permits(CALLS);
    for report in join_all(calls).await {
        assert_eq!(report.unwrap().cache_status, CacheStatus::Bypass);
    }
    assert_eq!(gate.begun.load(Ordering::SeqCst), CALLS);
}

/// A coverage that hangs, as with a paused Redis.
#[tokio::test]
async fn a_report_does_not_wait_for_the_watermark() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let gate = GatedCoverage::closed();
    let cache = Arc::new(LocalCache::new(CacheLimits::default()));
    let reports = Reports::new(store, cache, gate.clone(), TTL);
    let report = async || {
        let period = between("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z");
        let call = reports.get(TopSearches { period, facts: Vec::new(), offset: 0, first: 10 }, true);
        ends("a report", call).await.unwrap()
    };
    let unknown = report().await;
    assert_eq!(unknown.covered_until, at("2020-01-01T00:00:00Z"), "without a watermark, nothing is covered");
    gate.open.add_permits(1);
    let known = report().await;
    let again = report().await;
    assert_eq!(again.covered_until, known.covered_until, "the last watermark stays valid");
    // The store is read after the wait, and `generated_at` must reflect that.
    assert!(again.generated_at >= gate.ended.lock().unwrap().unwrap());
}
