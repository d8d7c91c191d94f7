use async_graphql::Enum;

/// The origin of a report: the cache or the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_report::CacheStatus")]
pub(crate) enum CacheOutcome {
    /// Served from the cache, or computed for a concurrent request.
    Hit,
    /// Computed for this request and stored in the cache.
    Miss,
    /// The last report in the cache: the database is unavailable or slow.
    Stale,
    /// Computed for this request outside the cache: `refresh` is true, caching is disabled, the report is too large
    /// for the cache, or the cache is unavailable (then `extensions.warnings` contains a warning).
    Bypass,
}
