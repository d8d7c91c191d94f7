//! How often answers of one kind came from where.

use super::cache_aside::{CacheResponse, CacheStatus};
use quarry_runtime::figures::Count;

/// Counts answers.
#[derive(Debug, Default)]
pub(super) struct CacheCounters {
    hits: Count,
    misses: Count,
    stale: Count,
    bypasses: Count,
    failed: Count,
    without_cache: Count,
}

/// How often answers of one kind came from where, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheMetrics {
    /// [`Outcome::Hit`].
    pub hits: u64,
    /// [`Outcome::Miss`].
    pub misses: u64,
    /// [`Outcome::Stale`].
    pub stale: u64,
    /// [`Outcome::Bypass`].
    pub bypasses: u64,
    /// There was no answer.
    pub failed: u64,
    /// The cache should have had a part in the answer, and did not work.
    pub without_cache: u64,
}

impl CacheCounters {
    pub(super) fn note<T, E>(&self, response: &Result<CacheResponse<T>, E>) {
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

    pub(super) fn metrics(&self) -> CacheMetrics {
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
