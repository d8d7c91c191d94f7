use async_graphql::Enum;

/// How many of the words must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::MatchPolicy")]
pub(crate) enum MatchPolicy {
    /// All of them; any of them if no document has all, and then `relaxed` is true.
    #[default]
    All,
    /// Any of them.
    Any,
}
