//! Questions to a cache-aside whose answers are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use quarry::cache::{
    Cache, CacheAside, CacheClient, CacheResponse, CacheStatus, CacheTimeouts, TransientError,
};
use quarry::domain::Timestamp;
use tokio::sync::Semaphore;

use super::caches::EVER;

/// How long answers are fresh in these tests.
pub(crate) const TTL: Duration = Duration::from_secs(300);
/// What the keys of these questions begin with.
pub(crate) const KIND: &str = "test-1";

/// Waits for as long as it takes, however slow the machine.
pub(crate) const PATIENT: CacheTimeouts =
    CacheTimeouts { lease: EVER, patience: EVER, stale_after: EVER, stale_after_refresh: EVER };
/// A wait that is over before a test is.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// Why nothing was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Away,
    Defect,
}

impl TransientError for Refusal {
    fn is_transient(&self) -> bool {
        *self == Self::Away
    }
}

/// A server that answers questions: each computation is another answer.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) answers: CacheClient,
    pub(crate) aside: Arc<CacheAside<String, Refusal>>,
    computed: Arc<AtomicUsize>,
    name: &'static str,
}

impl Server {
    pub(crate) fn new(name: &'static str, cache: Arc<dyn Cache>) -> Self {
        Self::with_ttl(name, cache, TTL)
    }

    pub(crate) fn with_ttl(name: &'static str, cache: Arc<dyn Cache>, ttl: Duration) -> Self {
        Self::with_answers(name, CacheClient::with_timeouts(cache, ttl, PATIENT))
    }

    pub(crate) fn with_timeouts(name: &'static str, cache: Arc<dyn Cache>, timeouts: CacheTimeouts) -> Self {
        Self::with_answers(name, CacheClient::with_timeouts(cache, TTL, timeouts))
    }

    fn with_answers(name: &'static str, answers: CacheClient) -> Self {
        let aside = Arc::new(CacheAside::new(answers.clone(), KIND));
        Self { answers, aside, computed: Arc::default(), name }
    }

    /// How often something was computed.
    pub(crate) fn computed(&self) -> usize {
        self.computed.load(Ordering::SeqCst)
    }

    /// Asks; what is computed is computed at once.
    pub(crate) async fn ask(&self, question: &str, now: Timestamp) -> CacheResponse<String> {
        self.try_ask(question, now, false, async { Ok(()) }).await.unwrap()
    }

    /// Asks for an answer that is computed now.
    pub(crate) async fn refresh(&self, question: &str, now: Timestamp) -> CacheResponse<String> {
        self.try_ask(question, now, true, async { Ok(()) }).await.unwrap()
    }

    /// Asks while nothing can be computed.
    pub(crate) async fn ask_in_vain(
        &self,
        question: &str,
        now: Timestamp,
        why: Refusal,
    ) -> Result<CacheResponse<String>, Refusal> {
        self.try_ask(question, now, false, async move { Err(why) }).await
    }

    /// Asks; what is computed is computed when `ready` is, if it is well.
    pub(crate) async fn try_ask(
        &self,
        question: &str,
        now: Timestamp,
        refresh: bool,
        ready: impl Future<Output = Result<(), Refusal>> + Send + 'static,
    ) -> Result<CacheResponse<String>, Refusal> {
        let (computed, name) = (self.computed.clone(), self.name);
        let compute = async move {
            let number = computed.fetch_add(1, Ordering::SeqCst) + 1;
            ready.await?;
            Ok(format!("{name} {number}"))
        };
        self.aside.get_or_compute(question, now, refresh, || compute).await
    }
}

/// Some time, and so many seconds later.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 8, 0, 0).unwrap() + TimeDelta::seconds(seconds)
}

#[track_caller]
pub(crate) fn check(response: &CacheResponse<String>, value: &str, status: CacheStatus) {
    assert_eq!((response.value.as_str(), response.status), (value, status));
}

/// Waits until the gate lets one more through.
pub(crate) async fn pass(gate: Arc<Semaphore>) -> Result<(), Refusal> {
    gate.acquire().await.unwrap().forget();
    Ok(())
}
