//! How many reports are computed at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::future::join_all;
use quarry::cache::{CacheLimits, LocalCache};
use quarry::domain::Timestamp;
use quarry::report::{AskedPeriod, Coverage, CoverageError, Outcome, Reports};
use tokio::sync::Semaphore;

use super::fixture::TTL;
use crate::support::databases::TestDatabase;
use crate::support::wait::until;

/// Lets computations wait, and counts them.
struct Gate {
    begun: AtomicUsize,
    open: Semaphore,
}

#[async_trait]
impl Coverage for Gate {
    async fn oldest_pending(&self) -> Result<Option<Timestamp>, CoverageError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.open.acquire().await.unwrap().forget();
        Ok(None)
    }
}

#[tokio::test]
async fn some_are_computed_and_the_others_wait() {
    const CALLS: usize = 50;
    let database = TestDatabase::sqlite();
    let store = database.store().await;
    let gate = Arc::new(Gate { begun: AtomicUsize::new(0), open: Semaphore::new(0) });
    let cache = Arc::new(LocalCache::new(CacheLimits::default()));
    let reports = Reports::new(store, cache, gate.clone(), TTL);
    let calls = (0..CALLS).map(|_| {
        let reports = reports.clone();
        tokio::spawn(async move { reports.top_searches(AskedPeriod::default(), 10, true).await.unwrap() })
    });
    let calls: Vec<_> = calls.collect();
    let begun = || gate.begun.load(Ordering::SeqCst);
    until("the first computations", async || (begun() > 0).then_some(())).await;
    // Whatever can begin has begun after so many turns of this one thread.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(begun() > 1 && begun() < 10, "{} at a time", begun());
    gate.open.add_permits(CALLS);
    for report in join_all(calls).await {
        assert_eq!(report.unwrap().outcome, Outcome::Bypass);
    }
    assert_eq!(begun(), CALLS);
}
