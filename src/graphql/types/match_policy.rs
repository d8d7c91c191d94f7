use async_graphql::Enum;

use crate::search;

/// How many of the words must match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
#[graphql(remote = "search::MatchPolicy")]
pub(in crate::graphql) enum MatchPolicy {
    /// All of them; any of them if no document has all, and then `relaxed` is true.
    #[default]
    All,
    /// Any of them.
    Any,
}
