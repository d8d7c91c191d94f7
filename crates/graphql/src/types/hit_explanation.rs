//! The explanation of a hit's score.

use async_graphql::{Enum, Object};

use super::{AppliedRule, InteractionKind};
use crate::list::List;
use quarry_search::{BoostValue, PUBLISHED_AT};

/// The GraphQL type of the explanation of a score.
pub(crate) struct HitExplanation(pub(crate) Box<quarry_search::Explanation>);

/// The parts of the score of a document, and the rule that pinned it. Words, kinds of matches, weights and constants may
/// change with any version: read them, but do not depend on them.
#[Object]
impl HitExplanation {
    /// The score that orders the documents of a tier: the sum of `words` and `wholeField`, times `factor`, plus
    /// `neighbours`. 0 if dates order the documents. `SearchEdge.score` derives from it, comparable between tiers.
    async fn score(&self) -> f64 {
        self.0.score.into()
    }

    /// The words of the query that the document contains.
    async fn words(&self) -> List<Vec<WordScore<'_>>> {
        List(self.0.words.iter().map(WordScore).collect())
    }

    /// The score of words of the query as near to each other as they were typed.
    async fn neighbours(&self) -> f64 {
        self.0.neighbours.into()
    }

    /// The score of a title or a text that equals the query.
    async fn whole_field(&self) -> f64 {
        self.0.whole_field.into()
    }

    /// The product of `factors`, from 0.1 to 10.
    async fn factor(&self) -> f64 {
        self.0.factor.into()
    }

    /// The factors of rules and of `boost`.
    async fn factors(&self) -> List<Vec<FactorScore<'_>>> {
        List(self.0.factors.iter().map(FactorScore).collect())
    }

    /// The rule that pinned the document at its position; null for others. No score affects a pinned document.
    async fn pinned_by(&self) -> Option<AppliedRule> {
        self.0.pinned_by.clone().map(AppliedRule::from)
    }
}

/// The GraphQL type of the score of a word.
pub(crate) struct WordScore<'a>(&'a quarry_search::WordScore);

/// The score of a word of the query.
#[Object]
impl WordScore<'_> {
    /// The word in lower case without accents; the words of a phrase, or of a compound that is written as one word.
    async fn word(&self) -> &str {
        &self.0.word
    }

    /// The inverse document frequency of the word, a factor of its scores: rarer words score more.
    async fn inverse_document_frequency(&self) -> f64 {
        self.0.idf.into()
    }

    /// The sum of the scores of `matches`.
    async fn score(&self) -> f64 {
        self.0.score.into()
    }

    /// The matches that score.
    async fn matches(&self) -> List<Vec<TermScore<'_>>> {
        List(self.0.terms.iter().map(TermScore).collect())
    }
}

/// The GraphQL type of the score of a match.
pub(crate) struct TermScore<'a>(&'a quarry_search::TermScore);

/// The score of one kind of match of a word.
#[Object]
impl TermScore<'_> {
    /// The kind of the match.
    async fn kind(&self) -> MatchKind {
        self.0.kind.into()
    }

    /// The fields of the document with such a match: `title`, `text`, `author`, `category` or the name of an attribute;
    /// none for words that match as several adjacent ones.
    async fn fields(&self) -> List<Vec<&str>> {
        List(self.0.fields.iter().map(String::as_str).collect())
    }

    /// The matching words as the document writes them: at most 10, each once.
    async fn words(&self) -> List<Vec<&str>> {
        List(self.0.words.iter().map(String::as_str).collect())
    }

    /// The weight of the kind; of a match in a field with a weight, multiplied by that.
    async fn weight(&self) -> f64 {
        self.0.weight.into()
    }

    /// The score: `weight`, the inverse document frequency, and for words of the text also their frequency and its
    /// length (BM25).
    async fn score(&self) -> f64 {
        self.0.score.into()
    }
}

/// A kind of match of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "quarry_search::MatchKind")]
pub(crate) enum MatchKind {
    /// The word as typed.
    Exact,
    /// Any form of the word.
    Form,
    /// A word that begins with the typed one.
    Prefix,
    /// A word of which the typed one is a part.
    Compound,
    /// The word as adjacent words or characters.
    Split,
    /// A quoted phrase.
    Phrase,
    /// A synonym of the word.
    Synonym,
    /// A similar word.
    Typo,
}

/// The GraphQL type of a factor of a score.
pub(crate) struct FactorScore<'a>(&'a quarry_search::FactorScore);

/// A factor of a score.
#[Object]
impl FactorScore<'_> {
    /// The factor.
    async fn factor(&self) -> f64 {
        self.0.factor.into()
    }

    /// The rule that states the factor; null for one of `boost`.
    async fn rule(&self) -> Option<AppliedRule> {
        self.0.rule.clone().map(AppliedRule::from)
    }

    /// The attribute, or `publishedAt`, of a `boost`; null for other factors.
    async fn attribute(&self) -> Option<&str> {
        match self.0.value.as_ref()? {
            BoostValue::Attribute(name) => Some(name),
            BoostValue::PublishedAt => Some(PUBLISHED_AT),
            BoostValue::Interactions(_) => None,
        }
    }

    /// The kind of the interactions of a `boost`; null for other factors.
    async fn interactions(&self) -> Option<InteractionKind> {
        match self.0.value.as_ref()? {
            BoostValue::Interactions(kind) => Some((*kind).into()),
            BoostValue::Attribute(_) | BoostValue::PublishedAt => None,
        }
    }
}
