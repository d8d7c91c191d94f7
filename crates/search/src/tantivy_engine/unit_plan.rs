//! The scorers of the units of a query.

use super::super::query::PartPlaces;
use super::scorers::{CompoundScorer, UnitScorer, WordScorer};
use super::snapshot::IndexSnapshot;
use super::weights::PHRASE;
use super::word::WordPlan;
use crate::planner::{PlannedUnit, PlannedWord, UnitPlan, required};
use crate::tiers::RequiredUnits;

/// Returns the scorer of parts of which all that count are required, or with `any` one, or of the whole.
fn compound<P>(
    parts: &[P],
    any: bool,
    counts: impl Fn(&P) -> bool,
    scorer: impl Fn(&P) -> tantivy::Result<UnitScorer>,
    whole: WordScorer,
) -> tantivy::Result<UnitScorer> {
    let (required, others) = required(parts, counts);
    let scorers = |parts: Vec<&P>| parts.into_iter().map(&scorer).collect::<tantivy::Result<_>>();
    let compound = CompoundScorer::new(scorers(required)?, scorers(others)?, any, whole);
    Ok(UnitScorer::Compound(Box::new(compound)))
}

impl UnitPlan<WordPlan> {
    /// Returns the scorer of the unit's documents in a segment.
    pub(super) fn scorer(
        &self,
        snapshot: &IndexSnapshot,
        ordinal: usize,
        tier: RequiredUnits,
        typos: bool,
    ) -> tantivy::Result<UnitScorer> {
        Ok(match self {
            Self::Word(word) => UnitScorer::Word(word.terms.scorer(snapshot, ordinal, typos)?),
            Self::Compound(parts, joined, places) => {
                let joined = joined.scorer(snapshot, ordinal, typos)?;
                if !tier.any() && *places != PartPlaces::Anywhere {
                    return Ok(UnitScorer::Word(joined));
                }
                let word = |part: &PlannedWord<WordPlan>| {
                    Ok(UnitScorer::Word(part.terms.scorer(snapshot, ordinal, typos)?))
                };
                compound(parts, tier.any(), |part| tier.includes_word(part), word, joined)?
            }
            Self::Phrase(weight, _) => {
                let scorer = weight.scorer(&snapshot.segments[ordinal].reader, PHRASE)?;
                UnitScorer::Word(WordScorer::phrase(scorer))
            }
            Self::Group(parts, synonyms) => {
                let synonyms = synonyms.scorer(snapshot, ordinal, typos)?;
                let unit = |part: &PlannedUnit<WordPlan>| part.plan.scorer(snapshot, ordinal, tier, typos);
                compound(parts, tier.any(), |part| tier.includes_part(part), unit, synonyms)?
            }
        })
    }
}
