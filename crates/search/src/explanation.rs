//! The explanation of a hit's score.

use super::request::BoostValue;
use super::rules::AppliedRule;

/// The parts of the score of a hit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The score that orders the hits of a tier: those of words and `whole_field`, times `factor`, and `neighbours`.
    pub score: f32,
    /// The words of the query that the document contains.
    pub words: Vec<WordScore>,
    /// The score of words as near to each other as typed.
    pub neighbours: f32,
    /// The score of a title or text that equals the query.
    pub whole_field: f32,
    /// The product of all factors, within its bounds.
    pub factor: f32,
    /// The factors of rules and boosts.
    pub factors: Vec<FactorScore>,
    /// The rule that pinned the document at its position, which no score affects.
    pub pinned_by: Option<AppliedRule>,
}

/// The score of a word of the query.
#[derive(Clone, Debug, PartialEq)]
pub struct WordScore {
    /// The word, folded; words that are written together, or the words of a phrase.
    pub word: String,
    /// The inverse document frequency: rarer words score more.
    pub idf: f32,
    /// The sum of the scores of `terms`.
    pub score: f32,
    /// The matches that score.
    pub terms: Vec<TermScore>,
}

/// The score of one kind of match.
#[derive(Clone, Debug, PartialEq)]
pub struct TermScore {
    /// The kind.
    pub kind: MatchKind,
    /// The fields that contain it; none if they are not known, as for adjacent words.
    pub fields: Vec<String>,
    /// The matching words as the document writes them, each once.
    pub words: Vec<String>,
    /// The weight of the kind, with that of the field.
    pub weight: f32,
    /// The score.
    pub score: f32,
}

/// A kind of match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchKind {
    /// The word as typed.
    Exact,
    /// Another form of the word, or any form of it.
    Form,
    /// A word that begins with the typed one.
    Prefix,
    /// A word of which the typed one is a part.
    Compound,
    /// The word as adjacent words or characters.
    Split,
    /// A quoted phrase.
    Phrase,
    /// A synonym.
    Synonym,
    /// A similar word.
    Typo,
}

/// A factor of the score.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorScore {
    /// The factor.
    pub factor: f32,
    /// The rule that states it.
    pub rule: Option<AppliedRule>,
    /// The value of a boost.
    pub value: Option<BoostValue>,
}
