use async_graphql::Enum;

/// How found documents are ordered. Ties go to the newest, then to the smaller id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::SearchSort")]
pub(crate) enum SearchSort {
    /// Best match first.
    #[default]
    Relevance,
    /// Latest `publishedAt` first; documents without one come last.
    Newest,
    /// Earliest `publishedAt` first; documents without one come last.
    Oldest,
}
