use async_graphql::{ID, InputObject, Object};

use super::rule_input::{language, source};
use crate::failure::Failure;
use crate::list::List;

/// Words and phrases that stand for each other (`words`), or one-way for others (`from`, `to`).
#[derive(Clone, Debug, InputObject)]
pub(crate) struct SynonymSetInput {
    /// The id, chosen by the client: 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
    id: ID,
    /// Words and phrases of which each finds all others: 2 to 30, of up to 8 words.
    words: Option<Vec<String>>,
    /// Words and phrases of which each finds all of `to`: up to 30.
    from: Option<Vec<String>>,
    /// Words and phrases that those of `from` find: up to 30.
    to: Option<Vec<String>>,
    /// Only documents of this source match by the set.
    source: Option<String>,
    /// Only documents with word forms of this language match by the set, such as `english`.
    language: Option<String>,
}

impl SynonymSetInput {
    /// Converts the set; errors begin with `path`.
    pub(crate) fn parsed(self, path: &str) -> Result<quarry_search::SynonymSet, Failure> {
        Ok(quarry_search::SynonymSet {
            id: self.id.to_string(),
            words: self.words.unwrap_or_default(),
            from: self.from.unwrap_or_default(),
            to: self.to.unwrap_or_default(),
            source: self.source.map(|name| source(&format!("{path}.source"), &name)).transpose()?,
            language: self.language.map(|name| language(&format!("{path}.language"), &name)).transpose()?,
        })
    }
}

/// The GraphQL type of a set of synonyms.
pub(crate) struct SynonymSet(pub(crate) quarry_search::SynonymSet);

/// Words and phrases that stand for each other, or one-way for others.
#[Object]
impl SynonymSet {
    /// The id, chosen by the client.
    async fn id(&self) -> ID {
        ID(self.0.id.clone())
    }

    /// Words and phrases of which each finds all others.
    async fn words(&self) -> List<&[String]> {
        List(&self.0.words)
    }

    /// Words and phrases of which each finds all of `to`.
    async fn from(&self) -> List<&[String]> {
        List(&self.0.from)
    }

    /// Words and phrases that those of `from` find.
    async fn to(&self) -> List<&[String]> {
        List(&self.0.to)
    }

    /// The source whose documents alone match by the set; null for all.
    async fn source(&self) -> Option<&str> {
        self.0.source.as_ref().map(|source| source.as_str())
    }

    /// The language whose documents alone match by the set; null for all.
    async fn language(&self) -> Option<String> {
        self.0.language.map(|language| language.name())
    }
}
