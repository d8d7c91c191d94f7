//! The units of a query, looked up, with the scorers of their documents.

use tantivy::query::Weight;

use super::super::query::PartPlaces;
use super::scorers::{CompoundScorer, UnitScorer, WordScorer};
use super::snapshot::IndexSnapshot;
use super::weights::{PHRASE, UNINFORMATIVE};
use super::word::{PlannedWord, WordPlan};

/// A unit of a query with its role.
pub(super) struct PlannedUnit {
    pub(super) plan: UnitPlan,
    /// False for words such as `the` beside others: they alone make no document a match of any word.
    pub(super) is_informative: bool,
    /// True once its typos have been looked up.
    pub(super) has_typos: bool,
}

impl PlannedUnit {
    /// Returns the units that have synonyms as a whole, or the unit itself.
    pub(super) fn parts(&self) -> &[PlannedUnit] {
        match &self.plan {
            UnitPlan::Group(parts, _) => parts,
            _ => std::slice::from_ref(self),
        }
    }

    pub(super) fn parts_mut(&mut self) -> &mut [PlannedUnit] {
        match self.plan {
            UnitPlan::Group(ref mut parts, _) => parts,
            _ => std::slice::from_mut(self),
        }
    }

    /// Returns true if documents match that contain none of its words.
    pub(super) fn has_synonyms(&self) -> bool {
        matches!(self.plan, UnitPlan::Group(..))
    }
}

/// A unit of a query, looked up.
pub(super) enum UnitPlan {
    Word(Box<PlannedWord>),
    /// Words that are also written together, with the places of those that are not.
    Compound(Vec<PlannedWord>, WordPlan, PartPlaces),
    /// Quoted words, with their text.
    Phrase(Box<dyn Weight>, String),
    /// Units that have synonyms as a whole.
    Group(Vec<PlannedUnit>, Box<WordPlan>),
}

/// Returns the scorer of parts of which all are required, or with `any` the informative ones, or of the whole.
fn compound<P>(
    parts: &[P],
    any: bool,
    is_informative: impl Fn(&P) -> bool,
    scorer: impl Fn(&P) -> tantivy::Result<UnitScorer>,
    whole: WordScorer,
) -> tantivy::Result<UnitScorer> {
    let has_informative = parts.iter().any(&is_informative);
    let (mut required, mut others) = (Vec::with_capacity(parts.len()), Vec::new());
    for part in parts {
        let is_required = !any || is_informative(part) || !has_informative;
        let list = if is_required { &mut required } else { &mut others };
        list.push(scorer(part)?);
    }
    Ok(UnitScorer::Compound(Box::new(CompoundScorer::new(required, others, any, whole))))
}

impl UnitPlan {
    /// Returns the scorer of the unit's documents in a segment.
    pub(super) fn scorer(
        &self,
        snapshot: &IndexSnapshot,
        ordinal: usize,
        any: bool,
        typos: bool,
    ) -> tantivy::Result<UnitScorer> {
        Ok(match self {
            Self::Word(word) => UnitScorer::Word(word.terms.scorer(snapshot, ordinal, typos)?),
            Self::Compound(parts, joined, places) => {
                let joined = joined.scorer(snapshot, ordinal, typos)?;
                if !any && *places != PartPlaces::Anywhere {
                    return Ok(UnitScorer::Word(joined));
                }
                let word =
                    |part: &PlannedWord| Ok(UnitScorer::Word(part.terms.scorer(snapshot, ordinal, typos)?));
                compound(parts, any, |part| part.is_informative, word, joined)?
            }
            Self::Phrase(weight, _) => {
                let scorer = weight.scorer(&snapshot.segments[ordinal].reader, PHRASE)?;
                UnitScorer::Word(WordScorer::phrase(scorer))
            }
            Self::Group(parts, synonyms) => {
                let synonyms = synonyms.scorer(snapshot, ordinal, typos)?;
                let unit = |part: &PlannedUnit| part.plan.scorer(snapshot, ordinal, any, typos);
                compound(parts, any, |part| part.is_informative, unit, synonyms)?
            }
        })
    }

    /// Returns its words in order; none of phrases, and of groups, whose parts have them.
    pub(super) fn words(&self) -> &[PlannedWord] {
        match self {
            Self::Word(word) => std::slice::from_ref(word),
            Self::Compound(parts, ..) => parts,
            Self::Phrase(..) | Self::Group(..) => &[],
        }
    }

    pub(super) fn words_mut(&mut self) -> &mut [PlannedWord] {
        match self {
            Self::Word(word) => std::slice::from_mut(word),
            Self::Compound(parts, ..) => parts,
            Self::Phrase(..) | Self::Group(..) => &mut [],
        }
    }
}

/// Reduces the scores of the words of a compound that carry no information.
pub(super) fn reduce_uninformative(parts: &mut [PlannedWord], informative: &[bool]) {
    for (part, &is_informative) in parts.iter_mut().zip(informative) {
        part.is_informative = is_informative;
        if !is_informative {
            part.terms.idf *= UNINFORMATIVE;
        }
    }
}
