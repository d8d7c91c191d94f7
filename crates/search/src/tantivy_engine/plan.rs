//! The plan of a query: its units, looked up in the dictionaries of a snapshot.

use std::ops::Range;
use std::sync::Arc;

use super::super::filter::DocumentFilter;
use super::super::highlight::Highlighter;
use super::super::informative::{informative, is_informative_part, most_informative};
use super::super::query::{ParsedQuery, PartPlaces, QueryUnit};
use super::super::request::SearchRequest;
use super::super::rules::{Rulebook, Synonym, SynonymMatch};
use super::super::splits::joined_neighbours;
use super::forms::FormLookup;
use super::fuzzy_words::{FuzzyWords, Misspelling};
use super::phrases::{phrase_prefix_weight, phrase_weight};
use super::schema::Fields;
use super::snapshot::IndexSnapshot;
use super::splits;
use super::stop_words::StopWords;
use super::synonyms::SynonymLookup;
use super::unit_plan::reduce_uninformative;
pub(super) use super::unit_plan::{PlannedUnit, UnitPlan};
use super::weights::{UNINFORMATIVE, Weights};
use super::wholes::add_whole;
use super::word::{PlannedWord, TermGroup};

/// A query, looked up in a snapshot.
pub(super) struct QueryPlan {
    /// Units of which all match, or any.
    pub(super) included: Vec<PlannedUnit>,
    /// Units of which none matches.
    pub(super) excluded: Vec<UnitPlan>,
    /// Documents of each segment whose title or text is the query, with the score that it adds.
    pub(super) whole: Vec<Vec<TermGroup>>,
    /// Words with typos, as far as they were looked up.
    pub(super) misspellings: Vec<Misspelling>,
    pub(super) weights: Weights,
    /// The terms to mark.
    pub(super) highlighter: Highlighter,
    /// True if the query has more words than are looked up.
    pub(super) is_truncated: bool,
}

impl QueryPlan {
    /// Returns the number of words and phrases.
    pub(super) fn words(&self) -> usize {
        let parts = self.included.iter().flat_map(PlannedUnit::parts);
        parts.map(|unit| unit.plan.words().len().max(1)).sum()
    }
}

/// The units of a query while they are looked up.
struct UnitContext<'a> {
    units: &'a [QueryUnit],
    informative: &'a [bool],
    /// True if units without information weigh less: there are others.
    scales_uninformative: bool,
    /// Neighbours that some document writes as one word.
    joins: &'a [(usize, String)],
    matches: &'a [SynonymMatch],
    /// True if the last unit may be incomplete.
    ends_in_prefix: bool,
    synonyms: SynonymLookup<'a>,
}

/// Looks units up.
pub(super) struct Planner<'a> {
    pub(super) snapshot: &'a IndexSnapshot,
    pub(super) fields: &'a Fields,
    pub(super) rulebook: &'a Rulebook,
    pub(super) filter: &'a DocumentFilter,
    pub(super) marks: bool,
}

impl Planner<'_> {
    /// Looks a query up as it was typed.
    pub(super) fn plan(&self, query: &ParsedQuery, request: &SearchRequest) -> tantivy::Result<QueryPlan> {
        let ends_in_prefix = request.prefix && query.ends_in_prefix;
        let is_stop_word = |word: &str| self.stop_words().contains(word);
        let frequency = |words: &[&str]| self.snapshot.least_frequency(words);
        let (units, is_truncated) =
            most_informative(&query.included, is_stop_word, frequency, |frequency| {
                self.snapshot.idf(frequency)
            })?;
        let informative = informative(&units, is_stop_word);
        let words = units.iter().zip(&informative).filter(|(_, is_informative)| **is_informative);
        let words: usize = words.map(|(unit, _)| unit.words()).sum();
        let weights = Weights::of(if words == 0 { units.iter().map(QueryUnit::words).sum() } else { words });
        let mut lookup = FormLookup::new(self.snapshot, weights, self.marks);
        // The words of a truncated query that are left need not be neighbours.
        let synonyms = &self.rulebook.synonyms;
        let matches = if is_truncated { Vec::new() } else { synonyms.of(&units, &self.snapshot.languages) };
        let ends_in_prefix = ends_in_prefix && !is_truncated;
        let mut joins = joined_neighbours(&units, &informative, ends_in_prefix, |word, is_prefix| {
            self.snapshot.has_word(word, is_prefix)
        })?;
        joins.retain(|(first, _)| !matches.iter().any(|found| found.divides(*first)));
        let mut context = UnitContext {
            units: &units,
            informative: &informative,
            scales_uninformative: words > 0,
            joins: &joins,
            matches: &matches,
            ends_in_prefix,
            synonyms: SynonymLookup::new(self.snapshot, self.fields),
        };
        let mut included: Vec<PlannedUnit> = Vec::with_capacity(units.len());
        let mut at = 0;
        for found in matches.iter().filter(|found| found.units > 1) {
            self.add_units(at..found.first, &mut context, &mut lookup, &mut included)?;
            at = found.first + found.units;
            let mut parts = Vec::with_capacity(found.units);
            self.add_units(found.first..at, &mut context, &mut lookup, &mut parts)?;
            included.push(self.group(parts, &found.synonyms, &mut context, &mut lookup)?);
        }
        self.add_units(at..units.len(), &mut context, &mut lookup, &mut included)?;
        let mut unmarked = FormLookup::new(self.snapshot, weights, false);
        let excluded = query.excluded.iter().map(|unit| self.unit(unit, false, &mut unmarked));
        let excluded = excluded.collect::<tantivy::Result<_>>()?;
        let whole = self.whole(query, request.prefix && query.ends_in_prefix, &included)?;
        Ok(QueryPlan {
            included,
            excluded,
            whole,
            misspellings: Vec::new(),
            weights,
            highlighter: lookup.highlighter,
            is_truncated: is_truncated || query.is_cut,
        })
    }

    /// Looks up a range of units; neighbours that some document writes together become one.
    fn add_units(
        &self,
        range: Range<usize>,
        context: &mut UnitContext<'_>,
        lookup: &mut FormLookup<'_>,
        planned: &mut Vec<PlannedUnit>,
    ) -> tantivy::Result<()> {
        let mut at = range.start;
        while at < range.end {
            let joined = context.joins.iter().find(|(first, _)| *first == at);
            let length = if joined.is_some() { 2 } else { 1 };
            let is_prefix = context.ends_in_prefix && at + length == context.units.len();
            let mut plan = match (joined, &context.units[at..at + length]) {
                (Some((_, term)), [QueryUnit::Word(first), QueryUnit::Word(second)]) => {
                    let mut parts = vec![lookup.word(first, false)?, lookup.word(second, is_prefix)?];
                    reduce_uninformative(&mut parts, &context.informative[at..]);
                    UnitPlan::Compound(parts, lookup.joined(term, &[], is_prefix)?, PartPlaces::Anywhere)
                }
                (_, units) => self.unit(&units[0], is_prefix, lookup)?,
            };
            self.add_synonyms(at..at + length, &mut plan, context, lookup)?;
            if let UnitPlan::Compound(parts, joined, _) = &mut plan {
                // As one word it is rare because of its spelling, not because of its meaning.
                joined.idf = parts.iter().map(|part| part.terms.idf).sum();
            }
            let is_informative = context.informative[at] || joined.is_some();
            if !is_informative && context.scales_uninformative {
                for word in plan.words_mut() {
                    word.terms.idf *= UNINFORMATIVE;
                }
            }
            planned.push(PlannedUnit {
                plan,
                is_informative: is_informative || !context.scales_uninformative,
                has_typos: false,
            });
            at += length;
        }
        Ok(())
    }

    /// Adds the synonyms of single units.
    fn add_synonyms(
        &self,
        range: Range<usize>,
        plan: &mut UnitPlan,
        context: &mut UnitContext<'_>,
        lookup: &mut FormLookup<'_>,
    ) -> tantivy::Result<()> {
        let UnitContext { matches, synonyms, .. } = context;
        for found in matches.iter().filter(|found| found.units == 1 && range.contains(&found.first)) {
            let terms = match plan {
                UnitPlan::Word(word) => &mut word.terms,
                // Two units of which each may have synonyms.
                UnitPlan::Compound(parts, ..) if range.len() > 1 => {
                    &mut parts[found.first - range.start].terms
                }
                UnitPlan::Compound(_, joined, _) => joined,
                UnitPlan::Phrase(..) | UnitPlan::Group(..) => continue,
            };
            let marks = self.marks.then_some(&mut lookup.highlighter);
            synonyms.add(terms, &found.synonyms, marks)?;
        }
        Ok(())
    }

    /// Makes units with synonyms as a whole one unit.
    fn group(
        &self,
        parts: Vec<PlannedUnit>,
        synonyms: &[Arc<Synonym>],
        context: &mut UnitContext<'_>,
        lookup: &mut FormLookup<'_>,
    ) -> tantivy::Result<PlannedUnit> {
        let mut terms = lookup.empty();
        let marks = self.marks.then_some(&mut lookup.highlighter);
        context.synonyms.add(&mut terms, synonyms, marks)?;
        terms.idf = parts.iter().flat_map(|part| part.plan.words()).map(|word| word.terms.idf).sum();
        let is_informative = parts.iter().any(|part| part.is_informative);
        Ok(PlannedUnit { plan: UnitPlan::Group(parts, Box::new(terms)), is_informative, has_typos: false })
    }

    /// Adds similar words to a unit.
    pub(super) fn add_typos(&self, plan: &mut QueryPlan, unit: usize) -> tantivy::Result<()> {
        let planned = &mut plan.included[unit];
        if std::mem::replace(&mut planned.has_typos, true) {
            return Ok(());
        }
        let words = planned.parts_mut().iter_mut().flat_map(|part| part.plan.words_mut());
        for word in words.filter(|word| !word.is_quoted) {
            let parts = splits::add_splits(self.snapshot, self.fields, self.stop_words(), word, true)?;
            if self.marks {
                plan.highlighter.phrases.extend(parts);
            }
            let found = FuzzyWords::of(self.snapshot, &word.text, word.is_prefix)?;
            let Some(found) = found else { continue };
            found.add_to(self.snapshot, &mut word.terms)?;
            if self.marks {
                found.mark(&mut plan.highlighter);
            }
            plan.misspellings.push(found.misspelling(&word.text));
        }
        Ok(())
    }

    fn unit(
        &self,
        unit: &QueryUnit,
        is_prefix: bool,
        lookup: &mut FormLookup<'_>,
    ) -> tantivy::Result<UnitPlan> {
        match unit {
            QueryUnit::Word(word) => {
                let mut word = lookup.word(word, is_prefix)?;
                let parts =
                    splits::add_splits(self.snapshot, self.fields, self.stop_words(), &mut word, false)?;
                lookup.highlighter.phrases.extend(parts);
                Ok(UnitPlan::Word(Box::new(word)))
            }
            QueryUnit::Compound(words, spellings) => {
                let last = words.len().saturating_sub(1);
                let parts = words.iter().enumerate();
                let parts = parts
                    .map(|(at, word)| {
                        let planned = lookup.word(word, is_prefix && at == last)?;
                        Ok(PlannedWord {
                            is_informative: is_informative_part(word, |part| {
                                self.stop_words().contains(part)
                            }),
                            ..planned
                        })
                    })
                    .collect::<tantivy::Result<_>>()?;
                let mut joined = lookup.spellings(spellings, is_prefix)?;
                let places = PartPlaces::of(words, spellings);
                if places == PartPlaces::SideBySide {
                    let texts: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
                    let phrase = if is_prefix {
                        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                        phrase_prefix_weight(self.snapshot, self.fields, &texts)?
                    } else {
                        phrase_weight(self.snapshot, self.fields, &texts)?
                    };
                    lookup.add_phrase(&mut joined, texts, phrase);
                }
                Ok(UnitPlan::Compound(parts, joined, places))
            }
            QueryUnit::Unspaced(characters) => {
                let phrase = phrase_weight(self.snapshot, self.fields, characters)?;
                let terms = lookup.unspaced(characters, phrase)?;
                let text = characters.concat();
                Ok(UnitPlan::Word(Box::new(PlannedWord {
                    text,
                    is_prefix: false,
                    is_quoted: false,
                    is_informative: true,
                    terms,
                })))
            }
            QueryUnit::Phrase(words) => {
                lookup.highlighter.phrases.push(words.clone());
                if let [word] = words.as_slice() {
                    return Ok(UnitPlan::Word(Box::new(lookup.exact_word(word)?)));
                }
                Ok(UnitPlan::Phrase(phrase_weight(self.snapshot, self.fields, words)?, words.join(" ")))
            }
        }
    }

    fn stop_words(&self) -> StopWords<'_> {
        let Self { snapshot, rulebook, filter, .. } = *self;
        StopWords { snapshot, rulebook, filter }
    }

    /// Looks up the fields that equal the query.
    fn whole(
        &self,
        query: &ParsedQuery,
        ends_in_prefix: bool,
        included: &[PlannedUnit],
    ) -> tantivy::Result<Vec<Vec<TermGroup>>> {
        let mut found = self.snapshot.segments.iter().map(|_| Vec::new()).collect::<Vec<_>>();
        if !self.snapshot.has_wholes {
            return Ok(found);
        }
        let Some(whole) = query.whole() else { return Ok(found) };
        let idf: f32 = included
            .iter()
            .flat_map(PlannedUnit::parts)
            .flat_map(|unit| unit.plan.words())
            .map(|word| word.terms.idf)
            .sum();
        add_whole(self.snapshot, &whole, ends_in_prefix, idf, &mut found)?;
        Ok(found)
    }
}
