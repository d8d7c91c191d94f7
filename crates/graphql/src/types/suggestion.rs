use async_graphql::{Enum, SimpleObject};

use super::int;

/// A text that a search box can offer.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Suggestion {
    /// The text.
    text: String,
    /// Where it is from.
    kind: SuggestionKind,
    /// How often it was searched for lately; 0 for a term of the index.
    searches: i32,
    /// How many documents it finds now.
    hits: i32,
}

/// Where a suggestion is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::SuggestionKind")]
pub(crate) enum SuggestionKind {
    /// Enough visitors have searched for it.
    LoggedSearch,
    /// Documents have it.
    IndexTerm,
}

impl From<quarry_search::Suggestion> for Suggestion {
    fn from(suggestion: quarry_search::Suggestion) -> Self {
        Self {
            text: suggestion.text,
            kind: suggestion.kind.into(),
            searches: int(suggestion.searches),
            hits: int(suggestion.hits),
        }
    }
}
