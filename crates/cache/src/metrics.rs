//! Counters of cache responses.

use super::response::{CacheResponse, CacheStatus};
use quarry_runtime::figures::Count;

/// The counters of one kind of value.
#[derive(Debug, Default)]
pub(super) struct CacheCounters {
    hits: Count,
    misses: Count,
    stale: Count,
    bypasses: Count,
    failed: Count,
    without_cache: Count,
}

/// Responses of one kind since the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheMetrics {
    /// Responses with [`CacheStatus::Hit`].
    pub hits: u64,
    /// Responses with [`CacheStatus::Miss`].
    pub misses: u64,
    /// Responses with [`CacheStatus::Stale`].
    pub stale: u64,
    /// Responses with [`CacheStatus::Bypass`].
    pub bypasses: u64,
    /// Calls that returned an error.
    pub failed: u64,
    /// Responses during which the cache failed.
    pub without_cache: u64,
}

impl CacheCounters {
    pub(super) fn record<T, E>(&self, response: &Result<CacheResponse<T>, E>) {
        let Ok(response) = response else { return self.failed.one() };
        match response.status {
            CacheStatus::Hit => self.hits.one(),
            CacheStatus::Miss => self.misses.one(),
            CacheStatus::Stale => self.stale.one(),
            CacheStatus::Bypass => self.bypasses.one(),
        }
        if response.warning.is_some() {
            self.without_cache.one();
        }
    }

    pub(super) fn snapshot(&self) -> CacheMetrics {
        CacheMetrics {
            hits: self.hits.get(),
            misses: self.misses.get(),
            stale: self.stale.get(),
            bypasses: self.bypasses.get(),
            failed: self.failed.get(),
            without_cache: self.without_cache.get(),
        }
    }
}
