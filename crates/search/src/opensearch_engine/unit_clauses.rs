//! The clauses of the units of a query.

use serde_json::{Value, json};

use super::clauses::{all, all_of, any_of, best_of, phrase, term};
use super::mapping::{TERMS, WORDS};
use super::plan::{ClausePlan, ClauseUnit, UnitClauses};
use super::word_terms::WordTerms;
use crate::analysis::{is_marked, without_symbols};
use crate::planner::{PlannedWord, required};
use crate::query::PartPlaces;
use crate::tiers::RequiredUnits;
use crate::weights::PHRASE;

impl ClausePlan {
    /// Returns the clauses of the included units in a tier; `typos` has one entry for each unit.
    pub(super) fn clause(&self, documents: u64, required_units: RequiredUnits, typos: &[bool]) -> Value {
        let any = required_units.any();
        let clause =
            |(unit, &typos): (&ClauseUnit, &bool)| unit.plan.clause(documents, required_units, typos);
        let units = self.included.iter().zip(typos);
        if self.included.is_empty() {
            return all();
        }
        let (required, others): (Vec<_>, Vec<_>) = units.partition(|(unit, _)| required_units.includes(unit));
        let required = required.into_iter().map(clause).collect();
        let others = others.into_iter().map(clause).chain(self.wholes.iter().cloned()).collect();
        if any { any_of(required, others) } else { all_of(required, others) }
    }
}

/// Returns the clause of parts of which all that count are required, or with `any` one, or of the whole.
fn compound<P>(
    parts: &[P],
    any: bool,
    counts: impl Fn(&P) -> bool,
    clause: impl Fn(&P) -> Value,
    whole: Value,
) -> Value {
    let (required, others) = required(parts, counts);
    let clauses = |parts: Vec<&P>| parts.into_iter().map(&clause).collect();
    let (required, others) = (clauses(required), clauses(others));
    let parts = if any { any_of(required, others) } else { all_of(required, others) };
    best_of(vec![parts, whole])
}

impl UnitClauses {
    /// Returns the clause of the unit's documents.
    pub(super) fn clause(&self, documents: u64, tier: RequiredUnits, typos: bool) -> Value {
        match self {
            Self::Word(word) => word.terms.clause(documents, typos),
            Self::Compound(_, joined, places) if !tier.any() && *places != PartPlaces::Anywhere => {
                joined.clause(documents, typos)
            }
            Self::Compound(parts, joined, _) => compound(
                parts,
                tier.any(),
                |part| tier.includes_word(part),
                |part: &PlannedWord<WordTerms>| part.terms.clause(documents, typos),
                joined.clause(documents, typos),
            ),
            Self::Phrase(words, _) => quoted(words),
            Self::Group(parts, synonyms) => compound(
                parts,
                tier.any(),
                |part| tier.includes_part(part),
                |part| part.plan.clause(documents, tier, typos),
                synonyms.clause(documents, typos),
            ),
        }
    }
}

/// Returns the clause of quoted words.
pub(super) fn quoted(words: &[String]) -> Value {
    let clause = quoted_words(words);
    let chunks: Vec<Value> =
        words.iter().filter(|word| is_marked(word)).map(|word| term(TERMS, word)).collect();
    if chunks.is_empty() { clause } else { json!({ "bool": { "must": [clause], "filter": chunks } }) }
}

/// Returns the clause with the score of quoted words, whose field has no symbols.
pub(super) fn quoted_words(words: &[String]) -> Value {
    let words: Vec<String> = words.iter().map(|word| without_symbols(word).to_owned()).collect();
    let mut clause = phrase(WORDS, &words);
    clause["match_phrase"][WORDS]["boost"] = json!(PHRASE);
    clause
}
