use async_graphql::Enum;

/// How a crawl stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_domain::CrawlState")]
pub(crate) enum CrawlState {
    /// Under way, or cut off and waiting to be resumed.
    Running,
    /// Every record that the upstream states was seen.
    Completed,
    /// It ended without having seen every record. Nothing was removed.
    Incomplete,
    /// A page could not be fetched, or a limit was hit. Nothing was removed.
    Failed,
}
