//! Cache-aside: a value comes from the cache, or is computed and stored.
//!
//! - Concurrent calls share one computation: in one process by single flight, across servers by a
//!   refresh lock with a lease. A cancelled call does not cancel the computation that others share.
//! - If the cache fails, the value is computed, and the response carries a warning.
//! - Stale-if-error: if the store is unavailable, or slower than a call may wait, the last good value is
//!   returned: from the cache, or else from the memory of this process. A slow computation is stored
//!   when it completes.
//!
//! Deliberately not stale-while-revalidate: an old value is returned only where none can be computed
//! in time.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use tracing::Instrument;
use tracing::field::Empty;

use super::CacheError;
use super::client::{CacheClient, DecodedLookup};
use super::envelope;
use super::epoch::Epoch;
use super::freshness::Freshness;
use super::metrics::CacheMetrics;
use super::refresh_lock::LockOutcome;
use super::response::{CacheResponse, CacheStatus};
use super::single_flight::{SingleFlight, spawn};
use quarry_domain::Timestamp;
use quarry_runtime::telemetry::TRACED;

/// An error that may be transient.
pub trait TransientError {
    /// Returns true if the source is unavailable: a stale value is better than the error.
    fn is_transient(&self) -> bool;
}

/// The cached values of one kind.
pub struct CacheAside<T, E> {
    client: CacheClient,
    /// The prefix of this kind's keys.
    kind: &'static str,
    flights: SingleFlight<FlightKey, Result<Computed<T>, E>>,
    metrics: CacheMetrics,
}

/// The key and the version of a value, the epoch of the lookup, and whether the cache failed. Calls of
/// different epochs do not share a flight: it may have read the store before a clear between them.
type FlightKey = (String, String, Epoch, bool);

/// The output of a flight.
#[derive(Clone)]
struct Computed<T> {
    value: Arc<T>,
    origin: ValueOrigin,
    warning: Option<CacheError>,
}

#[derive(Clone, Copy)]
enum ValueOrigin {
    /// Computed by this server.
    ThisServer { is_stored: bool },
    /// Computed by another server while this one waited for the lock.
    OtherServer,
    /// The last good value.
    Stale,
}

impl<T: DeserializeOwned> Computed<T> {
    fn new(value: T, origin: ValueOrigin, warning: Option<CacheError>) -> Self {
        Self { value: Arc::new(value), origin, warning }
    }

    fn stale(encoded: &Bytes, warning: Option<CacheError>) -> Option<Self> {
        let envelope = envelope::decode(encoded)?;
        Some(Self::new(envelope.value, ValueOrigin::Stale, warning))
    }
}

impl<T, E> CacheAside<T, E>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
    E: Clone + TransientError + Send + Sync + 'static,
{
    /// Creates the cache of a kind. The name includes a version, which changes with the fields of `T`.
    pub fn new(client: CacheClient, kind: &'static str) -> Self {
        Self { client, kind, flights: SingleFlight::new(), metrics: CacheMetrics::default() }
    }

    /// Returns the counters of this kind.
    pub fn metrics(&self) -> &CacheMetrics {
        &self.metrics
    }

    /// Returns the value of a key, computing it on a miss or on `refresh`.
    ///
    /// `key` identifies the value among its kind. It is readable in the cache, so it must contain no user
    /// data.
    pub async fn get_or_compute<F>(
        &self,
        key: &str,
        now: Timestamp,
        refresh: bool,
        compute: impl FnOnce() -> F,
    ) -> Result<CacheResponse<T>, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.get_fresh_or_compute(key, Freshness::until_expiry(now), refresh, compute).await
    }

    /// Returns the value of a key like [`Self::get_or_compute`], on stricter conditions than its expiry.
    pub async fn get_fresh_or_compute<F>(
        &self,
        key: &str,
        freshness: Freshness<T>,
        refresh: bool,
        compute: impl FnOnce() -> F,
    ) -> Result<CacheResponse<T>, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let span =
            tracing::info_span!(target: TRACED, "cache", cache.kind = self.kind, cache.outcome = Empty);
        let response = self.respond(key, freshness, refresh, compute).instrument(span.clone()).await;
        if let Ok(response) = &response {
            span.record("cache.outcome", response.status.as_str());
        }
        self.metrics.record(&response);
        response
    }

    async fn respond<F>(
        &self,
        key: &str,
        freshness: Freshness<T>,
        refresh: bool,
        compute: impl FnOnce() -> F,
    ) -> Result<CacheResponse<T>, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        if !self.client.is_enabled() {
            let value = compute().await?;
            return Ok(CacheResponse { value, status: CacheStatus::Bypass, warning: None });
        }
        let key = format!("{}:{key}", self.kind);
        let mut lookup = self.client.lookup(&key).await;
        if !refresh && let Some(value) = self.client.take_fresh(&key, &mut lookup, &freshness) {
            return Ok(CacheResponse { value, status: CacheStatus::Hit, warning: None });
        }
        let lookup_error = lookup.error.clone();
        let stale = self.client.stale(&key, &lookup);
        let (flight, is_first) = if refresh {
            // A running flight may have read the store before this call.
            (spawn(Self::compute_and_store(self.client.clone(), key, lookup, freshness.now, compute())), true)
        } else {
            let flight_key = (key.clone(), freshness.version.clone(), lookup.epoch, lookup_error.is_some());
            let start = || Self::compute_once(self.client.clone(), key, lookup, freshness, compute());
            self.flights.join(flight_key, start)
        };
        let computed = match stale {
            None => flight.await?,
            Some(stale) => match timeout(self.stale_after(refresh), flight.clone()).await {
                Ok(computed) => computed?,
                Err(_) => match Computed::stale(&stale, None) {
                    Some(stale) => stale,
                    None => flight.await?,
                },
            },
        };
        let status = match computed.origin {
            ValueOrigin::Stale => CacheStatus::Stale,
            ValueOrigin::ThisServer { is_stored: true } if is_first && !refresh => CacheStatus::Miss,
            ValueOrigin::ThisServer { .. } if is_first => CacheStatus::Bypass,
            ValueOrigin::ThisServer { .. } | ValueOrigin::OtherServer => CacheStatus::Hit,
        };
        let value = Arc::unwrap_or_clone(computed.value);
        Ok(CacheResponse { value, status, warning: lookup_error.or(computed.warning) })
    }

    fn stale_after(&self, refresh: bool) -> Duration {
        let timeouts = self.client.timeouts();
        if refresh { timeouts.stale_after_refresh } else { timeouts.stale_after }
    }

    /// Computes a value under the refresh lock, unless another server stores it first.
    async fn compute_once<F>(
        client: CacheClient,
        key: String,
        lookup: DecodedLookup<T>,
        freshness: Freshness<T>,
        compute: F,
    ) -> Result<Computed<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let now = freshness.now;
        match client.acquire_refresh_lock(&key, lookup, &freshness).await {
            LockOutcome::Refreshed(value) => Ok(Computed::new(value, ValueOrigin::OtherServer, None)),
            LockOutcome::Acquired(lookup, lock) => {
                let computation = Self::compute_and_store(client.clone(), key, lookup, now, compute);
                let computed = AssertUnwindSafe(computation).catch_unwind().await;
                client.release(lock).await;
                computed.unwrap_or_else(|panic| resume_unwind(panic))
            }
            LockOutcome::TimedOut(lookup) => {
                match client.stale(&key, &lookup).and_then(|stale| Computed::stale(&stale, None)) {
                    Some(stale) => Ok(stale),
                    None => Self::compute_and_store(client, key, lookup, now, compute).await,
                }
            }
        }
    }

    /// Computes and stores a value; on a transient error, returns the last good value.
    async fn compute_and_store<F>(
        client: CacheClient,
        key: String,
        lookup: DecodedLookup<T>,
        now: Timestamp,
        compute: F,
    ) -> Result<Computed<T>, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        match compute.await {
            Ok(value) => {
                let stored = client.store(&key, &lookup, now, &value).await;
                let (is_stored, store_error) = match stored {
                    Ok(is_stored) => (is_stored, None),
                    Err(error) => (false, Some(error)),
                };
                Ok(Computed::new(value, ValueOrigin::ThisServer { is_stored }, lookup.error.or(store_error)))
            }
            Err(error) if error.is_transient() => {
                let stale = client.stale(&key, &lookup);
                stale.and_then(|stale| Computed::stale(&stale, lookup.error)).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }
}
