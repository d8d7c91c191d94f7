//! The units of a query with their terms.

use crate::query::PartPlaces;
use crate::weights::UNINFORMATIVE;

/// The terms of a word in an index.
pub(crate) trait PlannedTerms {
    /// Adjacent words.
    type Phrase;
    /// The documents whose title or text is the query.
    type Wholes;
    /// A typed word with those that it may mean.
    type Misspelling;

    /// Returns the inverse document frequency, by which all scores of the word are multiplied.
    fn idf(&self) -> f32;
    fn set_idf(&mut self, idf: f32);
    /// Returns true if the index contains none of the terms.
    fn is_empty(&self) -> bool;
    /// Returns true if the index contains a form of the word, and not only completions and the like.
    fn has_forms(&self) -> bool;
    /// Returns true if the word also matches as adjacent words.
    fn has_phrases(&self) -> bool;
    /// Returns an upper bound of the number of documents with a completion, compound or synonym.
    fn group_frequency(&self) -> u64;
}

/// A word of a query with its terms.
#[derive(Clone)]
pub(crate) struct PlannedWord<T> {
    pub(crate) text: String,
    pub(crate) is_prefix: bool,
    /// True if it matches in this form only.
    pub(crate) is_quoted: bool,
    /// False for a part of a compound that alone makes no document a match of any word: the `t` of `can't`.
    pub(crate) is_informative: bool,
    /// True for an article or preposition before an apostrophe, without which documents may match: `l'eau`.
    pub(crate) is_elided: bool,
    pub(crate) terms: T,
}

impl<T> PlannedWord<T> {
    pub(super) fn new(text: impl Into<String>, terms: T) -> Self {
        Self {
            text: text.into(),
            is_prefix: false,
            is_quoted: false,
            is_informative: true,
            is_elided: false,
            terms,
        }
    }
}

impl<T: PlannedTerms> PlannedWord<T> {
    /// Reduces the score of a word that carries no information.
    pub(super) fn reduce(&mut self) {
        self.terms.set_idf(self.terms.idf() * UNINFORMATIVE);
    }
}

/// A unit of a query with its role.
pub(crate) struct PlannedUnit<T: PlannedTerms> {
    pub(crate) plan: UnitPlan<T>,
    /// False for words such as `the` beside others: they alone make no document a match of any word.
    pub(crate) is_informative: bool,
    /// True once its typos have been looked up.
    pub(super) has_typos: bool,
}

/// A unit of a query, looked up.
pub(crate) enum UnitPlan<T: PlannedTerms> {
    Word(Box<PlannedWord<T>>),
    /// Words that are also written together, with the places of those that are not.
    Compound(Vec<PlannedWord<T>>, T, PartPlaces),
    /// Quoted words, with their text.
    Phrase(T::Phrase, String),
    /// Units that have synonyms as a whole.
    Group(Vec<PlannedUnit<T>>, Box<T>),
}

impl<T: PlannedTerms> PlannedUnit<T> {
    /// Returns the units that have synonyms as a whole, or the unit itself.
    pub(crate) fn parts(&self) -> &[PlannedUnit<T>] {
        match &self.plan {
            UnitPlan::Group(parts, _) => parts,
            _ => std::slice::from_ref(self),
        }
    }

    pub(super) fn parts_mut(&mut self) -> &mut [PlannedUnit<T>] {
        match self.plan {
            UnitPlan::Group(ref mut parts, _) => parts,
            _ => std::slice::from_mut(self),
        }
    }

    /// Returns true if documents without one of its words may match all others.
    pub(crate) fn has_elided(&self) -> bool {
        self.parts().iter().flat_map(|part| part.plan.words()).any(|word| word.is_elided)
    }

    /// Returns true if documents without it may match all other units: numbers are never optional.
    pub(crate) fn is_optional(&self) -> bool {
        let mut words = self.parts().iter().flat_map(|part| part.plan.words());
        !self.is_informative && !words.any(|word| word.text.contains(char::is_numeric))
    }

    /// Returns true if documents match that contain none of its words.
    pub(crate) fn has_synonyms(&self) -> bool {
        matches!(self.plan, UnitPlan::Group(..))
    }
}

impl<T: PlannedTerms> UnitPlan<T> {
    /// Returns its words in order; none of phrases, and of groups, whose parts have them.
    pub(crate) fn words(&self) -> &[PlannedWord<T>] {
        match self {
            Self::Word(word) => std::slice::from_ref(word),
            Self::Compound(parts, ..) => parts,
            Self::Phrase(..) | Self::Group(..) => &[],
        }
    }

    pub(super) fn words_mut(&mut self) -> &mut [PlannedWord<T>] {
        match self {
            Self::Word(word) => std::slice::from_mut(word),
            Self::Compound(parts, ..) => parts,
            Self::Phrase(..) | Self::Group(..) => &mut [],
        }
    }
}

/// Divides parts into those that count for a match, and those that only add to its score; all count if none would.
pub(crate) fn required<P>(parts: &[P], counts: impl Fn(&P) -> bool) -> (Vec<&P>, Vec<&P>) {
    let has_counted = parts.iter().any(&counts);
    parts.iter().partition(|part| counts(part) || !has_counted)
}
