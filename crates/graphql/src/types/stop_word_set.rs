use async_graphql::{ID, InputObject, Object};

use super::rule_input::{language, source};
use crate::failure::Failure;
use crate::list::List;

/// Words that are stop words like `the`, or that are none although a built-in list contains them.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct StopWordSetInput {
    /// The id, chosen by the client: 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
    id: ID,
    /// Further stop words: up to 1,000.
    add: Option<Vec<String>>,
    /// Words of built-in lists that are none: up to 1,000.
    remove: Option<Vec<String>>,
    /// The set applies to searches whose filter selects this source only.
    source: Option<String>,
    /// The set applies if many documents have word forms of this language, such as `english`.
    language: Option<String>,
}

impl StopWordSetInput {
    /// Converts the set; errors begin with `path`.
    pub(crate) fn parsed(self, path: &str) -> Result<quarry_search::StopWordSet, Failure> {
        Ok(quarry_search::StopWordSet {
            id: self.id.to_string(),
            add: self.add.unwrap_or_default(),
            remove: self.remove.unwrap_or_default(),
            source: self.source.map(|name| source(&format!("{path}.source"), &name)).transpose()?,
            language: self.language.map(|name| language(&format!("{path}.language"), &name)).transpose()?,
        })
    }
}

/// The GraphQL type of a set of stop words.
pub(crate) struct StopWordSet(pub(crate) quarry_search::StopWordSet);

/// Words that are stop words, or that are none although a built-in list contains them.
#[Object]
impl StopWordSet {
    /// The id, chosen by the client.
    async fn id(&self) -> ID {
        ID(self.0.id.clone())
    }

    /// Further stop words.
    async fn add(&self) -> List<&[String]> {
        List(&self.0.add)
    }

    /// Words of built-in lists that are none.
    async fn remove(&self) -> List<&[String]> {
        List(&self.0.remove)
    }

    /// The set applies to searches in this source only; null for all.
    async fn source(&self) -> Option<&str> {
        self.0.source.as_ref().map(|source| source.as_str())
    }

    /// The set applies to this language only; null for all.
    async fn language(&self) -> Option<String> {
        self.0.language.map(|language| language.name())
    }
}
