use async_graphql::{Enum, Object, SimpleObject};

use crate::list::List;

/// A way in which documents match a query, the strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_domain::MatchTier")]
pub(crate) enum MatchTier {
    /// All words: as typed, in another form, or the last one as a prefix.
    AllWords,
    /// All words, some of them misspelt.
    Typos,
    /// Any of the words.
    AnyWord,
}

/// The GraphQL type of the interpretation of a query.
pub(crate) struct SearchInterpretation {
    pub(crate) tier: MatchTier,
    pub(crate) corrections: Vec<Correction>,
    pub(crate) truncated: bool,
}

/// The interpretation of a query.
#[Object]
impl SearchInterpretation {
    /// The least strict way in which a document of the result matches.
    async fn tier(&self) -> MatchTier {
        self.tier
    }

    /// The typed words that documents of this page spell in another way. Computed only if selected.
    async fn corrections(&self) -> List<&[Correction]> {
        List(&self.corrections)
    }

    /// True if the query was too long, so only its most informative words were used.
    async fn truncated(&self) -> bool {
        self.truncated
    }
}

/// A typed word and its spelling in a document.
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
