//! The cache as one process uses it: lookups, stores, clears, stale values.

use quarry_runtime::boxed;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::bounded_map::BoundedMap;
use super::envelope::{self, ValueEnvelope};
use super::epoch::{Epoch, ObservedGenerations};
use super::freshness::Freshness;
use super::{Cache, CacheError};
use quarry_domain::Timestamp;

/// The default time that an expired value stays available as a fallback.
const STALE_TTL: Duration = Duration::from_secs(24 * 3_600);
/// The capacity of the fallback values.
const FALLBACK_BYTES: u64 = 64 << 20;

/// Time limits of cache-aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheTimeouts {
    /// The lease of a refresh lock, after which another server may compute. As long as the store's read
    /// timeout, so that it outlasts any computation.
    pub lock_lease: Duration,
    /// The wait for another server's computation, before this one returns a stale value or computes. A
    /// crashed lock holder delays others for this long.
    pub lock_wait: Duration,
    /// The wait for a computation where a stale value is available.
    pub stale_after: Duration,
    /// The same on `refresh`: less than the request timeout.
    pub stale_after_refresh: Duration,
}

impl Default for CacheTimeouts {
    fn default() -> Self {
        Self {
            lock_lease: Duration::from_secs(30),
            lock_wait: Duration::from_secs(5),
            stale_after: Duration::from_secs(4),
            stale_after_refresh: Duration::from_secs(8),
        }
    }
}

/// A cache with its TTL, its timeouts and its fallback. Clones share their state.
#[derive(Clone)]
pub struct CacheClient {
    state: Arc<ClientState>,
    ttl: Duration,
    /// The time that an expired value stays available as a fallback.
    stale_ttl: Duration,
    timeouts: CacheTimeouts,
}

struct ClientState {
    cache: Arc<dyn Cache>,
    /// The last good values of this process, for when store and cache are both unavailable.
    fallback: BoundedMap<Epoch>,
    /// Clears of the cache that callers requested.
    requested_clears: AtomicU64,
    /// The last of them that the cache executed.
    executed_clears: AtomicU64,
    /// Clears of this process's own state.
    local_clears: AtomicU64,
    generations: Mutex<ObservedGenerations>,
}

/// A lookup with its epoch and its decoded entry.
pub(super) struct DecodedLookup<T> {
    pub(super) epoch: Epoch,
    /// The entry, fresh or stale.
    pub(super) entry: Option<(Bytes, ValueEnvelope<T>)>,
    /// The cache's error, if it failed.
    pub(super) error: Option<CacheError>,
}

impl CacheClient {
    /// Creates a client with default timeouts. A zero `ttl` disables caching.
    pub fn new(cache: Arc<dyn Cache>, ttl: Duration) -> Self {
        Self::with_timeouts(cache, ttl, CacheTimeouts::default())
    }

    /// Creates a client with the given timeouts.
    pub fn with_timeouts(cache: Arc<dyn Cache>, ttl: Duration, timeouts: CacheTimeouts) -> Self {
        let state = Arc::new(ClientState {
            cache,
            fallback: BoundedMap::new(FALLBACK_BYTES),
            requested_clears: AtomicU64::default(),
            executed_clears: AtomicU64::default(),
            local_clears: AtomicU64::default(),
            generations: Mutex::default(),
        });
        Self { state, ttl, stale_ttl: STALE_TTL, timeouts }
    }

    /// Returns a client of the same cache with other times; each clears the values of both.
    ///
    /// A zero `stale_ttl` disables the fallback: if a computation fails, so does the call.
    #[must_use]
    pub fn with_times(&self, ttl: Duration, stale_ttl: Duration, timeouts: CacheTimeouts) -> Self {
        Self { state: self.state.clone(), ttl, stale_ttl, timeouts }
    }

    /// Clears the cache and the fallback values: calls that begin afterwards return no older value.
    ///
    /// On an error, the cache still holds older values; this process repeats the clear before its next
    /// lookup.
    #[boxed]
    pub async fn clear(&self) -> Result<(), CacheError> {
        // Before the local clear, so that a lookup of the new epoch knows of the clear to execute.
        let number = self.state.requested_clears.fetch_add(1, Ordering::SeqCst) + 1;
        self.clear_fallback();
        self.clear_cache(number).await
    }

    /// Clears the state of this process only.
    ///
    /// A shared cache is cleared by the server that invalidates it.
    #[boxed]
    pub async fn clear_local(&self) -> Result<(), CacheError> {
        if self.state.cache.is_shared() {
            self.clear_fallback();
            return Ok(());
        }
        self.clear().await
    }

    fn clear_fallback(&self) {
        self.state.local_clears.fetch_add(1, Ordering::SeqCst);
        self.state.fallback.clear();
    }

    /// Executes all clears up to this one.
    async fn clear_cache(&self, number: u64) -> Result<(), CacheError> {
        self.state.cache.clear().await?;
        self.state.executed_clears.fetch_max(number, Ordering::SeqCst);
        Ok(())
    }

    pub(super) fn is_enabled(&self) -> bool {
        !self.ttl.is_zero()
    }

    pub(super) fn cache(&self) -> &dyn Cache {
        &*self.state.cache
    }

    pub(super) fn timeouts(&self) -> CacheTimeouts {
        self.timeouts
    }

    pub(super) async fn lookup<T: DeserializeOwned>(&self, key: &str) -> DecodedLookup<T> {
        let state = &*self.state;
        let local_clears = state.local_clears.load(Ordering::SeqCst);
        let requested_clears = state.requested_clears.load(Ordering::SeqCst);
        let lookup = async {
            if state.executed_clears.load(Ordering::SeqCst) < requested_clears {
                self.clear_cache(requested_clears).await?;
            }
            state.cache.get(key).await
        };
        match lookup.await {
            Ok(lookup) => {
                self.generations().observe(lookup.generation);
                let epoch = Epoch { local_clears, generation: Some(lookup.generation) };
                let decode = |bytes: Bytes| envelope::decode(&bytes).map(|envelope| (bytes, envelope));
                DecodedLookup { epoch, entry: lookup.value.and_then(decode), error: None }
            }
            Err(error) => {
                let epoch = Epoch { local_clears, generation: self.generations().current };
                DecodedLookup { epoch, entry: None, error: Some(error) }
            }
        }
    }

    fn generations(&self) -> MutexGuard<'_, ObservedGenerations> {
        self.state.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the value out of a lookup if it is fresh.
    pub(super) fn take_fresh<T>(
        &self,
        key: &str,
        lookup: &mut DecodedLookup<T>,
        freshness: &Freshness<T>,
    ) -> Option<T> {
        let now = freshness.now;
        // An expiry beyond any TTL comes from a server whose clock was wrong.
        let latest = later(now, self.ttl.saturating_mul(2));
        let is_fresh = |fresh_until| now < fresh_until && fresh_until <= latest;
        let (bytes, envelope) = lookup
            .entry
            .take_if(|(_, envelope)| is_fresh(envelope.fresh_until) && freshness.permits(&envelope.value))?;
        self.store_fallback(key, lookup.epoch, &bytes);
        Some(envelope.value)
    }

    fn store_fallback(&self, key: &str, epoch: Epoch, value: &Bytes) {
        // Cleared data must not stay in memory, even where no lookup would return it. Every hit calls this, so
        // only a change is written.
        if !self.stale_ttl.is_zero()
            && self.is_current(epoch)
            && self.state.fallback.get(key, epoch).as_ref() != Some(value)
        {
            self.state.fallback.put(key, epoch, value.clone(), self.stale_ttl);
        }
    }

    fn is_current(&self, epoch: Epoch) -> bool {
        epoch.local_clears == self.state.local_clears.load(Ordering::SeqCst)
    }

    /// Stores a value computed after a lookup; returns true if the cache admitted it.
    pub(super) async fn store<T: Serialize>(
        &self,
        key: &str,
        lookup: &DecodedLookup<T>,
        now: Timestamp,
        value: &T,
    ) -> Result<bool, CacheError> {
        // Jitter: entries that were stored together must not expire together.
        let ttl = self.ttl.mul_f64(rand::random_range(0.9..=1.0));
        let bytes = envelope::encode(later(now, ttl), value);
        self.store_fallback(key, lookup.epoch, &bytes);
        match lookup.epoch.generation {
            Some(generation) if lookup.error.is_none() && self.is_current(lookup.epoch) => {
                self.state.cache.put(key, bytes, generation, self.ttl.saturating_add(self.stale_ttl)).await
            }
            _ => Ok(false),
        }
    }

    /// Returns the last good value, encoded: from the lookup, or else from the fallback values.
    pub(super) fn stale<T>(&self, key: &str, lookup: &DecodedLookup<T>) -> Option<Bytes> {
        if self.stale_ttl.is_zero() {
            return None;
        }
        let entry = lookup.entry.as_ref().map(|(bytes, _)| bytes.clone());
        entry.or_else(|| self.state.fallback.get(key, lookup.epoch))
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    time.checked_add_signed(by).unwrap_or(Timestamp::MAX_UTC)
}
