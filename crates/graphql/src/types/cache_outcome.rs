use async_graphql::Enum;

/// Where a report came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_report::CacheStatus")]
pub(crate) enum CacheOutcome {
    /// From the cache, or computed for another request at the same time.
    Hit,
    /// Computed for this request, and kept in the cache.
    Miss,
    /// From before: the database cannot be reached or is slow, and this is the last good answer.
    Stale,
    /// Computed for this request, and not by the rules of the cache: with `refresh`, where caching is off, where the
    /// answer was too large to be kept, or where the cache cannot be reached; then `extensions.warnings` says so.
    Bypass,
}
