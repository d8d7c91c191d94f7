//! How many reports are computed at a time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::Utc;
use futures_util::future::join_all;
use quarry::cache::{CacheLimits, LocalCache};
use quarry::domain::Timestamp;
use quarry::report::{CacheStatus, Coverage, CoverageError, ReportPeriod, Reports};
use tokio::sync::Semaphore;

use super::fixture::{TTL, at, between};
use crate::support::databases::TestDatabase;
use crate::support::wait::{ends, until};

/// Lets computations wait, and counts them.
struct Gate {
    begun: AtomicUsize,
    waiting: AtomicUsize,
    /// When the last wait ended.
    ended: Mutex<Option<Timestamp>>,
    open: Semaphore,
}

impl Gate {
    fn shut() -> Arc<Self> {
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

/// One that waits; it may be given up.
struct Waiting<'a>(&'a Gate);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
        *self.0.ended.lock().unwrap() = Some(Utc::now());
    }
}

#[async_trait]
impl Coverage for Gate {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(self);
        self.open.acquire().await.unwrap().forget();
        Ok(None)
    }
}

#[tokio::test]
async fn some_are_computed_and_the_others_wait() {
    const CALLS: usize = 50;
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let gate = Gate::shut();
    let cache = Arc::new(LocalCache::new(CacheLimits::default()));
    let reports = Reports::new(store, cache, gate.clone(), TTL);
    let calls = (0..CALLS).map(|_| {
        let reports = reports.clone();
        tokio::spawn(async move { reports.top_searches(ReportPeriod::default(), 10, true).await.unwrap() })
    });
    let calls: Vec<_> = calls.collect();
    until("the first computations", async || (gate.waiting() > 1).then_some(())).await;
    // Whatever can begin has begun after so many turns of this one thread.
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

/// As with a Redis that hangs.
#[tokio::test]
async fn a_report_does_not_wait_for_what_is_yet_to_be_logged() {
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let gate = Gate::shut();
    let cache = Arc::new(LocalCache::new(CacheLimits::default()));
    let reports = Reports::new(store, cache, gate.clone(), TTL);
    let report = async || {
        let period = between("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z");
        let asked = reports.top_searches(period, 10, true);
        ends("a report", asked).await.unwrap()
    };
    let unknown = report().await;
    assert_eq!(unknown.covered_until, at("2020-01-01T00:00:00Z"), "it claims nothing");
    gate.open.add_permits(1);
    let known = report().await;
    let again = report().await;
    assert_eq!(again.covered_until, known.covered_until, "what was known stays true");
    // The numbers are read after the wait, and so they say.
    assert!(again.generated_at >= gate.ended.lock().unwrap().unwrap());
}
