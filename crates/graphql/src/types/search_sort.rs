use async_graphql::Enum;

/// The order of matching documents. Ties are broken by date, newest first, then by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::SearchSort")]
pub(crate) enum SearchSort {
    /// By relevance, best match first.
    #[default]
    Relevance,
    /// By `publishedAt`, latest first; documents without one come last.
    Newest,
    /// By `publishedAt`, earliest first; documents without one come last.
    Oldest,
}
