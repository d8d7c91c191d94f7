//! The result of a cache-aside call.

use super::CacheError;

/// The cache's part in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheStatus {
    /// From the cache, or computed by a concurrent call.
    Hit,
    /// Computed by this call, and stored.
    Miss,
    /// The last good value: the store is unavailable, or the computation still runs, here or on another server.
    Stale,
    /// Computed by this call on `refresh`, or computed and not stored.
    ///
    /// It is not stored if the cache is disabled, unavailable, cleared in the meantime, or too small for the
    /// value.
    Bypass,
}

impl CacheStatus {
    /// Returns the status as metrics and traces show it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::Bypass => "bypass",
        }
    }
}

/// A value and its cache status.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheResponse<T> {
    /// The value.
    pub value: T,
    /// The cache's part in it.
    pub status: CacheStatus,
    /// The cache's error, if it failed.
    pub warning: Option<CacheError>,
}
