use async_graphql::InputObject;

use super::DocumentFilter;
use crate::error_bounds::Quoted;
use crate::failure::Failure;
use quarry_config::Language;
use quarry_domain::{DocumentKey, InvalidDocument, SourceName};
use quarry_search::Attributes;

/// A condition of searches: all given parts must hold. Without any, it holds for all searches.
#[derive(Clone, Debug, Default, InputObject)]
pub(crate) struct RuleConditionInput {
    /// The query consists of the words of one of these: up to 50 texts.
    equals: Option<Vec<String>>,
    /// The query contains the words of one of these, side by side: up to 50 texts.
    contains: Option<Vec<String>>,
    /// The query is empty.
    empty: Option<bool>,
    /// The filter of the search selects some of these sources, and no others: up to 100.
    source: Option<Vec<String>>,
    /// The filter of the search selects some of these categories, and no others: up to 100.
    category: Option<Vec<String>>,
}

/// A document at a fixed position.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct PinnedDocumentInput {
    /// The name of the document's source.
    source: String,
    /// The id of the document within the source.
    key: String,
    /// The position over all pages, from 1 to 100.
    position: i32,
}

/// A document that searches do not find.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct HiddenDocumentInput {
    /// The name of the document's source.
    source: String,
    /// The id of the document within the source.
    key: String,
}

/// A factor of the scores of some documents.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ScoreFactorInput {
    /// The documents.
    filter: DocumentFilter,
    /// The factor, from 0.1 to 10: above 1 it boosts, below 1 it buries.
    factor: f64,
}

impl RuleConditionInput {
    pub(super) fn parsed(self, path: &str) -> Result<quarry_search::RuleCondition, Failure> {
        let names = self.source.unwrap_or_default();
        let sources = names.iter().enumerate().map(|(at, name)| source(&format!("{path}.source.{at}"), name));
        Ok(quarry_search::RuleCondition {
            equals: self.equals.unwrap_or_default(),
            contains: self.contains.unwrap_or_default(),
            empty: self.empty.unwrap_or_default(),
            source: sources.collect::<Result<_, _>>()?,
            category: self.category.unwrap_or_default(),
        })
    }
}

impl PinnedDocumentInput {
    pub(super) fn parsed(self, path: &str) -> Result<quarry_search::PinnedDocument, Failure> {
        Ok(quarry_search::PinnedDocument {
            source: source(&format!("{path}.source"), &self.source)?,
            key: key(path, &self.key)?,
            // Positions below 1 are rejected later.
            position: self.position.try_into().unwrap_or(0),
        })
    }
}

impl HiddenDocumentInput {
    pub(super) fn parsed(self, path: &str) -> Result<quarry_search::HiddenDocument, Failure> {
        let source = source(&format!("{path}.source"), &self.source)?;
        Ok(quarry_search::HiddenDocument { source, key: key(path, &self.key)? })
    }
}

impl ScoreFactorInput {
    pub(super) fn parsed(
        self,
        path: &str,
        attributes: &Attributes,
    ) -> Result<quarry_search::ScoreFactor, Failure> {
        let filter = self.filter.checked(attributes).map_err(|failure| failure.below(path))?;
        #[expect(clippy::cast_possible_truncation, reason = "factors are small, and checked later")]
        let factor = self.factor as f32;
        Ok(quarry_search::ScoreFactor { filter, factor })
    }
}

/// Parses the name of a source.
pub(super) fn source(path: &str, name: &str) -> Result<SourceName, Failure> {
    SourceName::parse(name).map_err(|InvalidDocument { problem, .. }| Failure::bad_input(path, problem))
}

/// Parses the name of a language.
pub(super) fn language(path: &str, name: &str) -> Result<Language, Failure> {
    Language::from_name(name).ok_or_else(|| {
        let known = Language::ALL.map(Language::name).join(", ");
        let problem = format_args!("is not a language: {}. Known languages: {known}", Quoted(name));
        Failure::bad_input(path, problem)
    })
}

fn key(path: &str, key: &str) -> Result<DocumentKey, Failure> {
    let refuse =
        |InvalidDocument { problem, .. }: InvalidDocument| Failure::bad_input(format!("{path}.key"), problem);
    DocumentKey::parse(key).map_err(refuse)
}
