//! Counters of cache responses.

use prometheus_client::metrics::counter::Counter;

use super::response::{CacheResponse, CacheStatus};

/// The counters of one kind of value. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct CacheMetrics {
    /// Responses with [`CacheStatus::Hit`].
    pub hits: Counter,
    /// Responses with [`CacheStatus::Miss`].
    pub misses: Counter,
    /// Responses with [`CacheStatus::Stale`].
    pub stale: Counter,
    /// Responses with [`CacheStatus::Bypass`].
    pub bypasses: Counter,
    /// Calls that returned an error.
    pub failed: Counter,
    /// Responses during which the cache failed.
    pub without_cache: Counter,
}

impl CacheMetrics {
    pub(super) fn record<T, E>(&self, response: &Result<CacheResponse<T>, E>) {
        let outcome = match response {
            Ok(CacheResponse { status: CacheStatus::Hit, .. }) => &self.hits,
            Ok(CacheResponse { status: CacheStatus::Miss, .. }) => &self.misses,
            Ok(CacheResponse { status: CacheStatus::Stale, .. }) => &self.stale,
            Ok(CacheResponse { status: CacheStatus::Bypass, .. }) => &self.bypasses,
            Err(_) => &self.failed,
        };
        outcome.inc();
        if response.as_ref().is_ok_and(|response| response.warning.is_some()) {
            self.without_cache.inc();
        }
    }
}
