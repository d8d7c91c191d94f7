use async_graphql::{Enum, SimpleObject};

/// A way in which documents match a query, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::MatchTier")]
pub(crate) enum MatchTier {
    /// All words: as typed, in another form, or the last one as a prefix.
    AllWords,
    /// All words, some of them misspelt.
    Typos,
    /// Any of the words.
    AnyWord,
}

/// How a query was understood.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct SearchInterpretation {
    /// The least strict way in which a document of the result matches.
    pub(crate) tier: MatchTier,
    /// The typed words that documents of this page spell in another way. Computed only if selected.
    pub(crate) corrections: Vec<Correction>,
    /// True if the query was too long, so only its most informative words were used.
    pub(crate) truncated: bool,
}

/// A typed word and what it was taken for.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct Correction {
    /// The typed word, in lower case without accents.
    typed: String,
    /// The word as a document spells it.
    meant: String,
}

impl From<quarry_search::Correction> for Correction {
    fn from(correction: quarry_search::Correction) -> Self {
        Self { typed: correction.typed, meant: correction.meant }
    }
}
