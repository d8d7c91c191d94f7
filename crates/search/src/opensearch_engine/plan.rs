//! The plan of a query: its units with the clauses of their documents.
//!
//! It mirrors that of the embedded engine: the same units, forms, weights and tiers. Only the distances of
//! words are judged by stems, of which documents have one for each language.

use std::convert::Infallible;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Value, json};

use super::clauses::{all, all_of, any_of, best_of, constant, pattern, phrase, term};
use super::forms::{FormFinder, WordClauses};
use super::mapping::{WHOLE, WORDS};
use super::proximity::proximity;
use super::splits::add_splits;
use super::stop_words::StopWordCheck;
use super::synonyms::add_synonyms;
use super::typos::{MistypedWord, add_similar};
use super::vocabulary::WordNotes;
use super::word_terms::WordTerms;
use crate::filter::DocumentFilter;
use crate::highlight::Highlighter;
use crate::informative::{informative, is_informative_part, most_informative};
use crate::query::{ParsedQuery, PartPlaces, QueryUnit};
use crate::request::SearchRequest;
use crate::rules::{Rulebook, Synonym, SynonymMatch};
use crate::splits::joined_neighbours;
use crate::weights::{MAX_BM25, PHRASE, UNINFORMATIVE, WHOLE_FIELD, WHOLE_PREFIX, Weights};

/// Completions of one and two letters say little, and are many.
const MIN_WHOLE_PREFIX_CHARS: usize = 3;

/// A query with the clauses of its units.
pub(super) struct ClausePlan {
    /// Units of which all match, or any.
    pub(super) included: Vec<ClauseUnit>,
    /// Units of which none matches.
    pub(super) excluded: Vec<Value>,
    /// Clauses that add to scores.
    bonuses: Vec<Value>,
    pub(super) misspellings: Vec<MistypedWord>,
    pub(super) highlighter: Highlighter,
    pub(super) is_truncated: bool,
    documents: u64,
}

/// A unit of a query with its role.
pub(super) struct ClauseUnit {
    pub(super) plan: UnitClauses,
    /// False for words such as `the` beside others: they alone make no document a match of any word.
    pub(super) is_informative: bool,
    has_typos: bool,
}

/// The words of a unit.
pub(super) enum UnitClauses {
    Word(Box<WordClauses>),
    /// Words that are also written together, with the places of those that are not.
    Compound(Vec<WordClauses>, WordTerms, PartPlaces),
    Phrase(Vec<String>),
    /// Units that have synonyms as a whole.
    Group(Vec<ClauseUnit>, Box<WordTerms>),
}

impl ClausePlan {
    /// Returns the number of words and phrases.
    pub(super) fn words(&self) -> usize {
        self.included.iter().flat_map(ClauseUnit::parts).map(|unit| unit.plan.words().len().max(1)).sum()
    }

    /// Returns the clauses of the included units in a tier; `typos` has one entry for each unit.
    pub(super) fn clause(&self, any: bool, typos: &[bool]) -> Value {
        let clause = |(unit, &typos): (&ClauseUnit, &bool)| unit.plan.clause(self.documents, any, typos);
        let units = self.included.iter().zip(typos);
        if self.included.is_empty() {
            return all();
        }
        if !any {
            return all_of(units.map(clause).collect(), self.bonuses.clone());
        }
        let (informative, others): (Vec<_>, Vec<_>) = units.partition(|(unit, _)| unit.is_informative);
        let others = others.into_iter().map(clause).chain(self.bonuses.iter().cloned()).collect();
        any_of(informative.into_iter().map(clause).collect(), others)
    }

    /// Returns the clause of the documents with one unit as it was typed.
    pub(super) fn unit_clause(&self, unit: usize) -> Value {
        self.included[unit].plan.clause(self.documents, false, false)
    }
}

impl ClauseUnit {
    /// Returns the units that have synonyms as a whole, or the unit itself.
    pub(super) fn parts(&self) -> &[ClauseUnit] {
        match &self.plan {
            UnitClauses::Group(parts, _) => parts,
            _ => std::slice::from_ref(self),
        }
    }

    fn parts_mut(&mut self) -> &mut [ClauseUnit] {
        match self.plan {
            UnitClauses::Group(ref mut parts, _) => parts,
            _ => std::slice::from_mut(self),
        }
    }
}

/// Returns the clause of parts of which all are required, or with `any` the informative ones, or of the whole.
fn compound<P>(
    parts: &[P],
    any: bool,
    is_informative: impl Fn(&P) -> bool,
    clause: impl Fn(&P) -> Value,
    whole: Value,
) -> Value {
    let has_informative = parts.iter().any(&is_informative);
    let (mut required, mut others) = (Vec::new(), Vec::new());
    for part in parts {
        let is_required = !any || is_informative(part) || !has_informative;
        if is_required { &mut required } else { &mut others }.push(clause(part));
    }
    let parts = if any { any_of(required, others) } else { all_of(required, others) };
    best_of(vec![parts, whole])
}

impl UnitClauses {
    fn clause(&self, documents: u64, any: bool, typos: bool) -> Value {
        match self {
            Self::Word(word) => word.terms.clause(documents, typos),
            Self::Compound(_, joined, places) if !any && *places != PartPlaces::Anywhere => {
                joined.clause(documents, typos)
            }
            Self::Compound(parts, joined, _) => compound(
                parts,
                any,
                |part| part.is_informative,
                |part| part.terms.clause(documents, typos),
                joined.clause(documents, typos),
            ),
            Self::Phrase(words) => {
                let mut clause = phrase(WORDS, words);
                clause["match_phrase"][WORDS]["boost"] = json!(PHRASE * MAX_BM25);
                clause
            }
            Self::Group(parts, synonyms) => compound(
                parts,
                any,
                |part| part.is_informative,
                |part| part.plan.clause(documents, any, typos),
                synonyms.clause(documents, typos),
            ),
        }
    }

    /// Returns its words in order; none of phrases, and of groups, whose parts have them.
    pub(super) fn words(&self) -> &[WordClauses] {
        match self {
            Self::Word(word) => std::slice::from_ref(word),
            Self::Compound(parts, ..) => parts,
            Self::Phrase(_) | Self::Group(..) => &[],
        }
    }

    fn words_mut(&mut self) -> &mut [WordClauses] {
        match self {
            Self::Word(word) => std::slice::from_mut(word),
            Self::Compound(parts, ..) => parts,
            Self::Phrase(_) | Self::Group(..) => &mut [],
        }
    }
}

/// The units of a query while they are planned.
struct UnitsToPlan<'a> {
    units: &'a [QueryUnit],
    informative: &'a [bool],
    /// True if units without information weigh less: there are others.
    scales_uninformative: bool,
    /// Neighbours that some document writes as one word.
    joins: &'a [(usize, String)],
    matches: &'a [SynonymMatch],
    /// True if the last unit may be incomplete.
    ends_in_prefix: bool,
}

/// Plans queries.
pub(super) struct ClausePlanner<'a> {
    pub(super) notes: &'a WordNotes<'a>,
    pub(super) rulebook: &'a Rulebook,
    pub(super) filter: &'a DocumentFilter,
    pub(super) marks: bool,
}

impl ClausePlanner<'_> {
    /// Plans a query as it was typed, as far as its words have been looked up.
    pub(super) fn plan(&self, query: &ParsedQuery, request: &SearchRequest) -> ClausePlan {
        let ends_in_prefix = request.prefix && query.ends_in_prefix;
        let is_stop_word = |word: &str| self.stop_words().contains(word);
        let frequency = |words: &[&str]| Ok::<_, Infallible>(self.notes.least_frequency(words));
        let Ok((units, is_truncated)) =
            most_informative(&query.included, is_stop_word, frequency, |frequency| self.notes.idf(frequency));
        let informative = informative(&units, is_stop_word);
        let words = units.iter().zip(&informative).filter(|(_, is_informative)| **is_informative);
        let words: usize = words.map(|(unit, _)| unit.words()).sum();
        let weights = Weights::of(if words == 0 { units.iter().map(QueryUnit::words).sum() } else { words });
        let mut lookup = FormFinder::new(self.notes, weights, self.marks);
        // The words of a truncated query that are left need not be neighbours.
        let synonyms = &self.rulebook.synonyms;
        let matches =
            if is_truncated { Vec::new() } else { synonyms.of(&units, &self.notes.vocabulary.languages) };
        let ends_in_prefix = ends_in_prefix && !is_truncated;
        let has_word = |word: &str, is_prefix| Ok::<_, Infallible>(self.notes.has_word(word, is_prefix));
        let Ok(mut joins) = joined_neighbours(&units, &informative, ends_in_prefix, has_word);
        joins.retain(|(first, _)| !matches.iter().any(|found| found.divides(*first)));
        let context = UnitsToPlan {
            units: &units,
            informative: &informative,
            scales_uninformative: words > 0,
            joins: &joins,
            matches: &matches,
            ends_in_prefix,
        };
        let mut included: Vec<ClauseUnit> = Vec::with_capacity(units.len());
        let mut at = 0;
        for found in matches.iter().filter(|found| found.units > 1) {
            self.add_units(at..found.first, &context, &mut lookup, &mut included);
            at = found.first + found.units;
            let mut parts = Vec::with_capacity(found.units);
            self.add_units(found.first..at, &context, &mut lookup, &mut parts);
            included.push(self.group(parts, &found.synonyms, &mut lookup));
        }
        self.add_units(at..units.len(), &context, &mut lookup, &mut included);
        let documents = self.notes.vocabulary.documents;
        let mut unmarked = FormFinder::new(self.notes, weights, false);
        let excluded = query.excluded.iter().map(|unit| self.unit(unit, false, &mut unmarked));
        let excluded = excluded.map(|unit| unit.clause(documents, false, false)).collect();
        let mut bonuses = whole(query, request.prefix && query.ends_in_prefix, &included);
        let parts = included.iter().flat_map(ClauseUnit::parts);
        let words =
            parts.flat_map(|part| part.plan.words().iter().map(move |word| (word, part.is_informative)));
        bonuses.extend(proximity(words, &weights, self.notes));
        ClausePlan {
            included,
            excluded,
            bonuses,
            misspellings: Vec::new(),
            highlighter: lookup.highlighter,
            is_truncated: is_truncated || query.is_cut,
            documents,
        }
    }

    /// Plans a range of units; neighbours that some document writes together become one.
    fn add_units(
        &self,
        range: Range<usize>,
        context: &UnitsToPlan<'_>,
        lookup: &mut FormFinder<'_>,
        planned: &mut Vec<ClauseUnit>,
    ) {
        let mut at = range.start;
        while at < range.end {
            let joined = context.joins.iter().find(|(first, _)| *first == at);
            let length = if joined.is_some() { 2 } else { 1 };
            let is_prefix = context.ends_in_prefix && at + length == context.units.len();
            let mut plan = match (joined, &context.units[at..at + length]) {
                (Some((_, term)), [QueryUnit::Word(first), QueryUnit::Word(second)]) => {
                    let mut parts = vec![lookup.word(first, false), lookup.word(second, is_prefix)];
                    for (part, &is_informative) in parts.iter_mut().zip(&context.informative[at..]) {
                        part.is_informative = is_informative;
                        part.terms.idf *= if is_informative { 1.0 } else { UNINFORMATIVE };
                    }
                    UnitClauses::Compound(parts, lookup.joined(term, &[], is_prefix), PartPlaces::Anywhere)
                }
                (_, units) => self.unit(&units[0], is_prefix, lookup),
            };
            self.add_synonyms(at..at + length, &mut plan, context, lookup);
            if let UnitClauses::Compound(parts, joined, _) = &mut plan {
                // As one word it is rare because of its spelling, not because of its meaning.
                joined.idf = parts.iter().map(|part| part.terms.idf).sum();
            }
            let is_informative = context.informative[at] || joined.is_some();
            if !is_informative && context.scales_uninformative {
                for word in plan.words_mut() {
                    word.terms.idf *= UNINFORMATIVE;
                }
            }
            planned.push(ClauseUnit {
                plan,
                is_informative: is_informative || !context.scales_uninformative,
                has_typos: false,
            });
            at += length;
        }
    }

    /// Adds the synonyms of single units.
    fn add_synonyms(
        &self,
        range: Range<usize>,
        plan: &mut UnitClauses,
        context: &UnitsToPlan<'_>,
        lookup: &mut FormFinder<'_>,
    ) {
        for found in context.matches.iter().filter(|found| found.units == 1 && range.contains(&found.first)) {
            let terms = match plan {
                UnitClauses::Word(word) => &mut word.terms,
                // Two units of which each may have synonyms.
                UnitClauses::Compound(parts, ..) if range.len() > 1 => {
                    &mut parts[found.first - range.start].terms
                }
                UnitClauses::Compound(_, joined, _) => joined,
                UnitClauses::Phrase(_) | UnitClauses::Group(..) => continue,
            };
            let marks = self.marks.then_some(&mut lookup.highlighter);
            add_synonyms(self.notes, terms, &found.synonyms, marks);
        }
    }

    /// Makes units with synonyms as a whole one unit.
    fn group(
        &self,
        parts: Vec<ClauseUnit>,
        synonyms: &[Arc<Synonym>],
        lookup: &mut FormFinder<'_>,
    ) -> ClauseUnit {
        let mut terms = lookup.empty();
        add_synonyms(self.notes, &mut terms, synonyms, self.marks.then_some(&mut lookup.highlighter));
        terms.idf = parts.iter().flat_map(|part| part.plan.words()).map(|word| word.terms.idf).sum();
        let is_informative = parts.iter().any(|part| part.is_informative);
        ClauseUnit { plan: UnitClauses::Group(parts, Box::new(terms)), is_informative, has_typos: false }
    }

    /// Adds similar words to a unit.
    pub(super) fn add_typos(&self, plan: &mut ClausePlan, unit: usize) {
        let planned = &mut plan.included[unit];
        if std::mem::replace(&mut planned.has_typos, true) {
            return;
        }
        let words = planned.parts_mut().iter_mut().flat_map(|part| part.plan.words_mut());
        for word in words.filter(|word| !word.is_quoted) {
            let parts = add_splits(self.notes, self.stop_words(), word, true);
            if self.marks {
                plan.highlighter.phrases.extend(parts);
            }
            plan.misspellings.extend(add_similar(self.notes, word, self.marks, &mut plan.highlighter));
        }
    }

    fn unit(&self, unit: &QueryUnit, is_prefix: bool, lookup: &mut FormFinder<'_>) -> UnitClauses {
        match unit {
            QueryUnit::Word(word) => {
                let mut word = lookup.word(word, is_prefix);
                // Before its terms have been looked up, each word seems unknown.
                if self.notes.is_complete() {
                    let parts = add_splits(self.notes, self.stop_words(), &mut word, false);
                    lookup.highlighter.phrases.extend(parts);
                }
                UnitClauses::Word(Box::new(word))
            }
            QueryUnit::Compound(words, spellings) => {
                let last = words.len().saturating_sub(1);
                let parts = words.iter().enumerate().map(|(at, word)| {
                    let planned = lookup.word(word, is_prefix && at == last);
                    WordClauses {
                        is_informative: is_informative_part(word, |part| self.stop_words().contains(part)),
                        ..planned
                    }
                });
                let parts = parts.collect();
                let mut joined = lookup.spellings(spellings, is_prefix);
                let places = PartPlaces::of(words, spellings);
                if places == PartPlaces::SideBySide {
                    lookup.add_adjacent(&mut joined, words, is_prefix);
                }
                UnitClauses::Compound(parts, joined, places)
            }
            QueryUnit::Unspaced(characters) => UnitClauses::Word(Box::new(lookup.unspaced(characters))),
            QueryUnit::Phrase(words) => {
                lookup.highlighter.phrases.push(words.clone());
                match words.as_slice() {
                    [word] => UnitClauses::Word(Box::new(lookup.exact_word(word))),
                    _ => UnitClauses::Phrase(words.clone()),
                }
            }
        }
    }

    pub(super) fn stop_words(&self) -> StopWordCheck<'_> {
        StopWordCheck { notes: self.notes, rulebook: self.rulebook, filter: self.filter }
    }
}

/// Returns clauses of the documents whose title or text is the query, or its completion.
fn whole(query: &ParsedQuery, ends_in_prefix: bool, included: &[ClauseUnit]) -> Vec<Value> {
    let Some(whole) = query.whole() else { return Vec::new() };
    let words = included.iter().flat_map(ClauseUnit::parts).flat_map(|unit| unit.plan.words());
    let idf: f32 = words.map(|word| word.terms.idf).sum();
    let mut clauses = vec![constant(term(WHOLE, &whole), idf * WHOLE_FIELD)];
    if ends_in_prefix && whole.chars().count() >= MIN_WHOLE_PREFIX_CHARS {
        let mut pattern = pattern(&whole);
        pattern.push_str("[^ ]+");
        // Only the last word continues.
        let completed = json!({ "regexp": { WHOLE: { "value": pattern, "flags": "NONE" } } });
        clauses.push(constant(completed, idf * WHOLE_PREFIX));
    }
    clauses
}
