//! Cached values: the cache seam, its adapters, and cache-aside on top of them.
//!
//! - [`Cache`]: the seam; `local_cache` in this process, `redis_cache` shared by servers.
//! - `cache_aside`: returns a cached value, or computes and stores it. `response` says which.
//! - `client`: the lookups and stores of one process. `refresh_lock` elects the server that computes.
//! - `single_flight`: concurrent callers in one process share a computation.
//! - `bounded_map`: values of this process within a capacity and their TTL.
//! - `epoch`: values from before a clear are not returned after it. `freshness`: nor outdated ones.
//! - `envelope`: the binary format of a value. `metrics`: counters per kind of value.
//!
//! Deliberately not here: the computations, and what invalidates a value before its TTL. Keys contain
//! no user data; values may, so [`Cache::clear`] really deletes.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

mod bounded_map;
mod cache_aside;
mod client;
mod envelope;
mod epoch;
mod freshness;
mod local_cache;
mod metrics;
mod redis_cache;
mod refresh_lock;
mod response;
mod single_flight;

pub use cache_aside::{CacheAside, TransientError};
pub use client::{CacheClient, CacheTimeouts};
pub use freshness::Freshness;
pub use local_cache::LocalCache;
pub use metrics::CacheMetrics;
pub use redis_cache::RedisCache;
pub use response::{CacheResponse, CacheStatus};

/// A bounded cache with a TTL per entry, for one process or a fleet.
///
/// Each entry belongs to a generation. One generation is current at a time; [`Self::clear`] begins the
/// next. Losing any entry, or all of them, at any moment is not an error.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Returns true if other processes read and clear the same entries.
    fn is_shared(&self) -> bool;

    /// Returns the current generation, and the value of a key if there is one.
    async fn get(&self, key: &str) -> Result<CacheLookup, CacheError>;

    /// Stores or replaces a value, and returns true if the cache admitted it.
    ///
    /// `generation` is that of a [`Self::get`] from before the value was computed; a value of an earlier
    /// generation is rejected. A value over the limit of one entry removes the entry instead. Other
    /// entries are evicted if the cache is full.
    async fn put(
        &self,
        key: &str,
        value: Bytes,
        generation: CacheGeneration,
        ttl: Duration,
    ) -> Result<bool, CacheError>;

    /// Deletes all entries and begins a generation; puts of earlier ones no longer count.
    async fn clear(&self) -> Result<(), CacheError>;

    /// Acquires the lock of a key for at most a lease; `None` while another caller holds it.
    async fn lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>, CacheError>;

    /// Releases a lock. No effect if the lease ended and another caller holds the lock.
    async fn unlock(&self, key: &str, token: LockToken) -> Result<(), CacheError>;
}

/// The capacity of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Bytes of all entries: their values, their keys, and [`Self::ENTRY_OVERHEAD`] for each.
    pub bytes: u64,
    /// Bytes of one value.
    pub value_bytes: usize,
}

impl CacheLimits {
    /// Bytes of an entry beside its key and value.
    pub const ENTRY_OVERHEAD: usize = 256;

    /// Returns true if the value fits into the cache.
    fn admits(&self, key: &str, value: &[u8]) -> bool {
        value.len() <= self.value_bytes && Self::weight(key, value) as u64 <= self.bytes
    }

    /// Returns the bytes that an entry takes of the capacity.
    fn weight(key: &str, value: &[u8]) -> usize {
        key.len() + value.len() + Self::ENTRY_OVERHEAD
    }
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, value_bytes: 4 << 20 }
    }
}

/// The result of [`Cache::get`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheLookup {
    /// The generation at the time of the lookup.
    pub generation: CacheGeneration,
    /// The value, on a hit.
    pub value: Option<Bytes>,
}

/// The period between two [`Cache::clear`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheGeneration(Uuid);

impl CacheGeneration {
    /// Creates a generation that differs from all others.
    fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

/// The holder of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockToken(Uuid);

impl LockToken {
    /// Creates a token that differs from all others.
    fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

/// A failed cache operation. Messages contain neither addresses nor keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// The connection failed or timed out; the operation may have taken effect.
    #[error("the cache is unavailable: {0}")]
    Unavailable(String),
    /// An unexpected reply: a defect, or data of another program under the same keys.
    #[error("the cache is damaged: {0}")]
    Damaged(String),
}
