use async_graphql::Enum;

/// The state of a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_domain::CrawlState")]
pub(crate) enum CrawlState {
    /// The crawl is running, or was interrupted and will resume.
    Running,
    /// The crawl fetched every record that the upstream states.
    Completed,
    /// The crawl ended without fetching every record. It deleted no document.
    Incomplete,
    /// The crawl could not fetch a page, or reached a limit. It deleted no document.
    Failed,
}
