//! A server with cache-aside whose computations are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use quarry::cache::{
    Cache, CacheAside, CacheClient, CacheResponse, CacheStatus, CacheTimeouts, TransientError,
};
use quarry::domain::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::caches::HOUR;

/// The TTL in these tests.
pub(crate) const TTL: Duration = Duration::from_secs(300);
/// The kind of the values, which prefixes their keys.
pub(crate) const KIND: &str = "test-1";

/// Timeouts that never elapse, however slow the machine.
pub(crate) const UNLIMITED: CacheTimeouts =
    CacheTimeouts { lock_lease: HOUR, lock_wait: HOUR, stale_after: HOUR, stale_after_refresh: HOUR };
/// A timeout that elapses during a test.
pub(crate) const SHORT_TIMEOUT: Duration = Duration::from_millis(200);

/// A failed computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ComputeError {
    Away,
    Defect,
}

impl TransientError for ComputeError {
    fn is_transient(&self) -> bool {
        *self == Self::Away
    }
}

/// A server whose computations return its name and a number.
#[derive(Clone)]
pub(crate) struct CachingServer {
    pub(crate) client: CacheClient,
    pub(crate) aside: Arc<CacheAside<String, ComputeError>>,
    computed: Arc<AtomicUsize>,
    name: &'static str,
}

impl CachingServer {
    pub(crate) fn new(name: &'static str, cache: Arc<dyn Cache>) -> Self {
        Self::with_ttl(name, cache, TTL)
    }

    pub(crate) fn with_ttl(name: &'static str, cache: Arc<dyn Cache>, ttl: Duration) -> Self {
        Self::with_client(name, CacheClient::with_timeouts(cache, ttl, UNLIMITED))
    }

    pub(crate) fn with_timeouts(name: &'static str, cache: Arc<dyn Cache>, timeouts: CacheTimeouts) -> Self {
        Self::with_client(name, CacheClient::with_timeouts(cache, TTL, timeouts))
    }

    fn with_client(name: &'static str, client: CacheClient) -> Self {
        let aside = Arc::new(CacheAside::new(client.clone(), KIND));
        Self { client, aside, computed: Arc::default(), name }
    }

    /// Returns the number of computations.
    pub(crate) fn computed(&self) -> usize {
        self.computed.load(Ordering::SeqCst)
    }

    /// Returns a value; a computation succeeds at once.
    pub(crate) async fn get(&self, key: &str, now: Timestamp) -> CacheResponse<String> {
        self.get_with(key, now, false, async { Ok(()) }).await.unwrap()
    }

    /// Refreshes a value; its computation succeeds at once.
    pub(crate) async fn refresh(&self, key: &str, now: Timestamp) -> CacheResponse<String> {
        self.get_with(key, now, true, async { Ok(()) }).await.unwrap()
    }

    /// Returns a value; a computation fails.
    pub(crate) async fn get_failing(
        &self,
        key: &str,
        now: Timestamp,
        error: ComputeError,
    ) -> Result<CacheResponse<String>, ComputeError> {
        self.get_with(key, now, false, async move { Err(error) }).await
    }

    /// Returns a value; a computation ends as `ready` does.
    pub(crate) async fn get_with(
        &self,
        key: &str,
        now: Timestamp,
        refresh: bool,
        ready: impl Future<Output = Result<(), ComputeError>> + Send + 'static,
    ) -> Result<CacheResponse<String>, ComputeError> {
        let (computed, name) = (self.computed.clone(), self.name);
        let compute = async move {
            let number = computed.fetch_add(1, Ordering::SeqCst) + 1;
            ready.await?;
            Ok(format!("{name} {number}"))
        };
        self.aside.get_or_compute(key, now, refresh, || compute).await
    }

    /// Requests a value in a task; a computation waits for a permit of the gate.
    pub(crate) fn spawn_gated(
        &self,
        key: &'static str,
        now: Timestamp,
        gate: &Arc<Semaphore>,
    ) -> JoinHandle<CacheResponse<String>> {
        let (server, gate) = (self.clone(), gate.clone());
        tokio::spawn(async move { server.get_with(key, now, false, wait_for_permit(gate)).await.unwrap() })
    }
}

/// Returns a fixed time plus some seconds.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 8, 0, 0).unwrap() + TimeDelta::seconds(seconds)
}

#[track_caller]
pub(crate) fn check(response: &CacheResponse<String>, value: &str, status: CacheStatus) {
    assert_eq!((response.value.as_str(), response.status), (value, status));
}

/// Waits for a permit of the gate.
pub(crate) async fn wait_for_permit(gate: Arc<Semaphore>) -> Result<(), ComputeError> {
    gate.acquire().await.unwrap().forget();
    Ok(())
}
