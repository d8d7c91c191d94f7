//! Answers that are kept for a while: the seam to what keeps them, and cache-aside on top of it.
//!
//! - [`Cache`]: the seam; `local_cache` in this process, `redis_cache` for a fleet.
//! - `aside`: answers from the cache, else computes. `answers` is what it asks of the cache and of
//!   `last_good`, the memory for when all else is away; `envelope` is how an answer is written;
//!   `flights` lets callers share one computation; `tally` counts.
//!
//! Deliberately not here: what is computed, and what makes it out of date before its time. Keys
//! hold no text of anybody; values may, so that [`Cache::clear`] really deletes.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

mod cache_aside;
mod client;
mod envelope;
mod fallback_cache;
mod local_cache;
mod metrics;
mod redis_cache;
mod single_flight;

pub use cache_aside::{CacheAside, CacheResponse, CacheStatus, TransientError};
pub use client::{CacheClient, CacheTimeouts};
pub use local_cache::LocalCache;
pub use metrics::CacheMetrics;
pub use redis_cache::RedisCache;

/// Keeps bytes under keys for a while, within limits, for one process or for a fleet.
///
/// All that is kept belongs to a generation, of which there is one at a time: [`Self::clear`]
/// begins another. Losing an entry, or all, at any moment is no failure.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Whether other processes keep and clear the same.
    fn is_shared(&self) -> bool;

    /// What is kept under a key, and the generation that this holds for.
    async fn get(&self, key: &str) -> Result<Lookup, CacheError>;

    /// Keeps a value in place of what was there, unless its generation is over. `generation` is
    /// that of a [`Self::get`] from before the value was computed. A value over the limit of one
    /// entry is not kept, and nothing else under its key; others make room where all are too many.
    /// Says whether it is kept.
    async fn put(
        &self,
        key: &str,
        value: Bytes,
        generation: Generation,
        keep: Duration,
    ) -> Result<bool, CacheError>;

    /// Deletes everything and begins a generation: nothing that was kept or looked up before is
    /// ever answered again.
    async fn clear(&self) -> Result<(), CacheError>;

    /// Takes the lock of a key until it is unlocked or the lease ends; `None` while it is taken.
    async fn lock(&self, key: &str, lease: Duration) -> Result<Option<LockToken>, CacheError>;

    /// Gives a lock back. Does nothing if it is another's by now.
    async fn unlock(&self, key: &str, token: LockToken) -> Result<(), CacheError>;
}

/// How much a cache keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheLimits {
    /// Bytes of all entries: their values, their keys, and [`Self::ENTRY_OVERHEAD`] for each.
    pub bytes: u64,
    /// Bytes of one value.
    pub value_bytes: usize,
}

impl CacheLimits {
    /// What an entry counts beside its key and value.
    pub const ENTRY_OVERHEAD: usize = 256;

    /// Whether a value is kept at all.
    fn admits(&self, key: &str, value: &[u8]) -> bool {
        value.len() <= self.value_bytes && Self::weight(key, value) as u64 <= self.bytes
    }

    /// What an entry counts.
    fn weight(key: &str, value: &[u8]) -> usize {
        key.len() + value.len() + Self::ENTRY_OVERHEAD
    }
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { bytes: 64 << 20, value_bytes: 4 << 20 }
    }
}

/// What [`Cache::get`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The generation at that moment.
    pub generation: Generation,
    /// The value, if one is kept.
    pub value: Option<Bytes>,
}

/// Names the time between two [`Cache::clear`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation(Uuid);

impl Generation {
    /// One that never was.
    fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockToken(Uuid);

impl LockToken {
    /// One that nobody has.
    fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

/// Why a cache could not do what it was asked. The texts name neither addresses nor keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// It cannot be reached, or broke off: whether the call took effect is not known.
    #[error("the cache is unavailable: {0}")]
    Unavailable(String),
    /// It answered what it never should: a defect, or foreign data under its keys.
    #[error("the cache is damaged: {0}")]
    Damaged(String),
}
