use async_graphql::Enum;

/// The number of words of a query that must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::MatchPolicy")]
pub(crate) enum MatchPolicy {
    /// All words; then any word if few documents contain all of them (`relaxed` is true).
    #[default]
    All,
    /// Any word.
    Any,
}
