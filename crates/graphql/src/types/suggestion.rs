use async_graphql::{Enum, SimpleObject};

use super::int;

/// A suggested completion of a text being typed.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Suggestion {
    /// The text.
    text: String,
    /// The origin of the suggestion.
    kind: SuggestionKind,
    /// The number of recent searches for this text; 0 for a term of the index.
    searches: i32,
    /// The number of documents within the filter that a search for this text finds with all its words now: those with
    /// a word that begins with the last one, too.
    hits: i32,
}

/// The origin of a suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::SuggestionKind")]
pub(crate) enum SuggestionKind {
    /// A logged search that enough sessions made.
    LoggedSearch,
    /// A term of the index.
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
