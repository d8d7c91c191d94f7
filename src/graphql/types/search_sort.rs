use async_graphql::Enum;

use crate::search;

/// How found documents are ordered. Ties go to the newest, then to the smaller id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "search::SearchSort")]
pub(in crate::graphql) enum SearchSort {
    /// Best match first.
    #[default]
    Relevance,
    /// Latest `publishedAt` first; documents without one come last.
    Newest,
    /// Earliest `publishedAt` first; documents without one come last.
    Oldest,
}
