//! The words of an index, as plans of queries look them up.

use super::units::{PlannedTerms, PlannedWord};
use crate::explanation::MatchKind;
use crate::field_bonus::BonusFactors;
use crate::highlight::Highlighter;
use crate::language_shares::SearchedLanguages;
use crate::rules::SynonymScope;
use crate::weights::SPLIT;

/// The part of a term in the score of a word.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum TermRole {
    /// Each document of the word has one of these terms, unless it has one of a group only.
    Form,
    /// The term adds to the scores of documents with a form.
    Extra,
}

/// The part of adjacent words in the score of a word.
pub(crate) struct PhraseRole<'s, S> {
    pub(crate) kind: MatchKind,
    pub(crate) factor: f32,
    /// True if only tiers with typos permit them.
    pub(crate) is_typo: bool,
    /// True if the last word may be incomplete.
    pub(crate) is_prefix: bool,
    /// True for the stems of words.
    pub(crate) are_stems: bool,
    pub(crate) scope: Option<&'s S>,
}

impl<S> PhraseRole<'_, S> {
    /// The role of the parts of a word.
    pub(crate) const fn split(is_typo: bool, is_prefix: bool) -> Self {
        Self { kind: MatchKind::Split, factor: SPLIT, is_typo, is_prefix, are_stems: false, scope: None }
    }
}

/// The words of an index.
///
/// An engine may not know all of them at once: a plan is final once they are complete.
pub(crate) trait TermLookup {
    type Terms: PlannedTerms;
    /// The documents to which synonyms are restricted.
    type Scope;
    type Error;

    /// Returns the languages of the documents that the search may find.
    fn languages(&self) -> &SearchedLanguages;
    /// Returns true if each document has stems.
    fn stems_all(&self) -> bool;
    /// Returns the inverse document frequency.
    fn idf(&self, frequency: u64) -> f32;
    /// Returns the number of documents with the rarest of some terms.
    fn least_frequency(&self, terms: &[&str]) -> Result<u64, Self::Error>;
    /// Returns true if a document contains a word or, if asked, its beginning.
    fn has_word(&self, word: &str, or_prefix: bool) -> Result<bool, Self::Error>;
    /// Returns true if all words so far are known.
    fn is_complete(&self) -> bool {
        true
    }

    /// Returns no terms.
    fn empty(&self, floor: f32) -> Self::Terms;
    /// Adds a term; returns the number of its documents.
    fn add_term(
        &self,
        terms: &mut Self::Terms,
        term: &str,
        role: TermRole,
        kind: MatchKind,
        factor: f32,
    ) -> Result<u64, Self::Error>;
    /// Adds the scores of terms in titles and other fields with a weight.
    fn add_bonuses(
        &self,
        terms: &mut Self::Terms,
        words: &[String],
        kind: MatchKind,
        factor: impl Fn(&BonusFactors) -> f32,
    ) -> Result<(), Self::Error>;
    /// Adds the words that begin with a prefix.
    fn add_completions(
        &self,
        terms: &mut Self::Terms,
        prefix: &str,
        kind: MatchKind,
        factor: f32,
    ) -> Result<(), Self::Error>;
    /// Adds the longer words that end with a word, of which this is a reversed form.
    fn add_compounds(&self, terms: &mut Self::Terms, reversed: &str) -> Result<(), Self::Error>;
    /// Adds adjacent words.
    fn add_phrase(
        &self,
        terms: &mut Self::Terms,
        words: &[&str],
        role: PhraseRole<'_, Self::Scope>,
    ) -> Result<(), Self::Error>;
    /// Adds adjacent characters, the last of which is the beginning of one in some document.
    fn add_begun(&self, terms: &mut Self::Terms, characters: &[&str]) -> Result<(), Self::Error>;
    /// Adds the forms and the name of a synonym; returns an upper bound of the number of documents.
    fn add_synonym(
        &self,
        terms: &mut Self::Terms,
        forms: &[&str],
        name: &str,
        scope: &Self::Scope,
    ) -> Result<u64, Self::Error>;
    /// Adds the words that a typed one may mean; `None` if it allows no typos.
    fn add_similar(
        &self,
        word: &mut PlannedWord<Self::Terms>,
        marks: Option<&mut Highlighter>,
    ) -> Result<Option<<Self::Terms as PlannedTerms>::Misspelling>, Self::Error>;
    /// Finds the documents of a scope of synonyms.
    fn scope(&self, scope: &SynonymScope) -> Result<Self::Scope, Self::Error>;
    /// Finds quoted words.
    fn phrase(&self, words: &[String]) -> Result<<Self::Terms as PlannedTerms>::Phrase, Self::Error>;
    /// Finds the fields that equal a text or, if it may be incomplete, the completion of its last word.
    fn wholes(
        &self,
        whole: Option<&str>,
        is_prefix: bool,
        idf: f32,
    ) -> Result<<Self::Terms as PlannedTerms>::Wholes, Self::Error>;
}
