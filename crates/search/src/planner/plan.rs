//! The plan of a query: its units, looked up in an index.

use std::ops::Range;
use std::sync::Arc;

use super::divided::divided;
use super::forms::FormLookup;
use super::lookup::TermLookup;
use super::splits::add_splits;
use super::stop_words::StopWords;
use super::synonyms::SynonymLookup;
use super::units::{PlannedTerms, PlannedUnit, PlannedWord, UnitPlan};
use crate::analysis::{decimals, unmarked, without_point, without_symbols};
use crate::elision::elides;
use crate::filter::DocumentFilter;
use crate::highlight::Highlighter;
use crate::informative::{informative, is_informative_part, most_informative};
use crate::query::{OtherSpelling, ParsedQuery, PartPlaces, QueryUnit, QueryWord};
use crate::request::SearchRequest;
use crate::rules::{Rulebook, Synonym, SynonymMatch};
use crate::splits::{JoinedNeighbours, is_number, joined_neighbours};
use crate::weights::Weights;

/// A query with the terms of its units.
pub(crate) struct QueryPlan<T: PlannedTerms> {
    /// Units of which all match, or any.
    pub(crate) included: Vec<PlannedUnit<T>>,
    /// Units of which none matches.
    pub(crate) excluded: Vec<UnitPlan<T>>,
    /// The documents whose title or text is the query, with the score that it adds.
    pub(crate) wholes: T::Wholes,
    /// Words with typos, as far as they were looked up.
    pub(crate) misspellings: Vec<T::Misspelling>,
    pub(crate) weights: Weights,
    /// The terms to mark.
    pub(crate) highlighter: Highlighter,
    /// True if the query has more words than are looked up.
    pub(crate) is_truncated: bool,
}

impl<T: PlannedTerms> QueryPlan<T> {
    /// Returns the number of words and phrases.
    pub(crate) fn words(&self) -> usize {
        let parts = self.included.iter().flat_map(PlannedUnit::parts);
        parts.map(|unit| unit.plan.words().len().max(1)).sum()
    }

    /// Returns true if documents without some units may match all others.
    pub(crate) fn has_optional(&self) -> bool {
        self.included.iter().any(|unit| unit.is_optional() || unit.has_elided())
    }
}

/// The units of a query while they are looked up.
struct UnitContext<'a, L: TermLookup> {
    units: &'a [QueryUnit],
    informative: &'a [bool],
    /// True if units without information weigh less: there are others.
    scales_uninformative: bool,
    /// Neighbours that some document writes as one word.
    joins: &'a [JoinedNeighbours],
    matches: &'a [SynonymMatch],
    /// True if the last unit may be incomplete.
    ends_in_prefix: bool,
    forms: FormLookup<'a, L>,
    synonyms: SynonymLookup<'a, L>,
}

/// Plans queries.
pub(crate) struct Planner<'a, L> {
    pub(crate) lookup: L,
    pub(crate) rulebook: &'a Rulebook,
    pub(crate) filter: &'a DocumentFilter,
    pub(crate) marks: bool,
}

impl<L: TermLookup> Planner<'_, L> {
    /// Looks a query up as it was typed.
    pub(crate) fn plan(
        &self,
        query: &ParsedQuery,
        request: &SearchRequest,
    ) -> Result<QueryPlan<L::Terms>, L::Error> {
        let lookup = &self.lookup;
        let ends_in_prefix = request.prefix && query.ends_in_prefix;
        let is_stop_word = |word: &str| self.stop_words().contains(word);
        let frequency = |words: &[&str]| lookup.least_frequency(words);
        let mut unmarked = FormLookup::new(lookup, Weights::of(1), false);
        let included = divided(lookup, &mut unmarked, &query.included, ends_in_prefix)?;
        let (units, is_truncated) =
            most_informative(&included, is_stop_word, frequency, |frequency| lookup.idf(frequency))?;
        let informative = informative(&units, is_stop_word);
        let words = units.iter().zip(&informative).filter(|(_, is_informative)| **is_informative);
        let words: usize = words.map(|(unit, _)| unit.words()).sum();
        let weights = Weights::of(if words == 0 { units.iter().map(QueryUnit::words).sum() } else { words });
        // The words of a truncated query that are left need not be neighbours.
        let synonyms = &self.rulebook.synonyms;
        let matches = if is_truncated { Vec::new() } else { synonyms.of(&units, &lookup.languages().all) };
        let of_last = ends_in_prefix && !is_truncated;
        let has_word = |word: &str, is_prefix| lookup.has_word(word, is_prefix);
        let mut joins = joined_neighbours(&units, &informative, of_last, has_word)?;
        joins.retain(|join| {
            let mut places = join.first..join.first + join.units - 1;
            !places.any(|unit| matches.iter().any(|found| found.divides(unit)))
        });
        let mut context = UnitContext {
            units: &units,
            informative: &informative,
            scales_uninformative: words > 0,
            joins: &joins,
            matches: &matches,
            ends_in_prefix: of_last,
            forms: FormLookup::new(lookup, weights, self.marks),
            synonyms: SynonymLookup::new(lookup),
        };
        let mut included: Vec<PlannedUnit<L::Terms>> = Vec::with_capacity(units.len());
        let mut at = 0;
        for found in matches.iter().filter(|found| found.units > 1) {
            self.add_units(at..found.first, &mut context, &mut included)?;
            at = found.first + found.units;
            let mut parts = Vec::with_capacity(found.units);
            self.add_units(found.first..at, &mut context, &mut parts)?;
            included.push(self.group(parts, &found.synonyms, &mut context)?);
        }
        self.add_units(at..units.len(), &mut context, &mut included)?;
        let mut unmarked = FormLookup::new(lookup, weights, false);
        let excluded = query.excluded.iter().map(|unit| self.unit(unit, false, &mut unmarked));
        let excluded = excluded.collect::<Result<_, _>>()?;
        let of_all = included.iter().flat_map(PlannedUnit::parts).flat_map(|unit| unit.plan.words());
        let idf: f32 = of_all.map(|word| word.terms.idf()).sum();
        let wholes = lookup.wholes(query.whole().as_deref(), ends_in_prefix, idf)?;
        Ok(QueryPlan {
            included,
            excluded,
            wholes,
            misspellings: Vec::new(),
            weights,
            highlighter: context.forms.highlighter,
            is_truncated: is_truncated || query.is_cut,
        })
    }

    /// Looks up a range of units; neighbours that some document writes together become one.
    fn add_units(
        &self,
        range: Range<usize>,
        context: &mut UnitContext<'_, L>,
        planned: &mut Vec<PlannedUnit<L::Terms>>,
    ) -> Result<(), L::Error> {
        let mut at = range.start;
        while at < range.end {
            let joined = context.joins.iter().find(|join| join.first == at);
            let length = joined.map_or(1, |join| join.units);
            let is_prefix = context.ends_in_prefix && at + length == context.units.len();
            let forms = &mut context.forms;
            let mut plan = match (joined, &context.units[at..at + length]) {
                (Some(join), [before @ .., QueryUnit::Word(last)]) => {
                    let parts = before.iter().map(|unit| self.neighbour(unit, forms));
                    let mut parts = parts.collect::<Result<Vec<_>, _>>()?;
                    parts.push(forms.word(last, is_prefix)?);
                    for (part, &is_informative) in parts.iter_mut().zip(&context.informative[at..]) {
                        part.is_informative = is_informative;
                        if !is_informative {
                            part.reduce();
                        }
                    }
                    UnitPlan::Compound(parts, forms.joined(&join.word, &[], is_prefix)?, PartPlaces::Anywhere)
                }
                (_, units) => self.unit(&units[0], is_prefix, forms)?,
            };
            if let (UnitPlan::Word(word), Some(QueryUnit::Word(before))) =
                (&mut plan, context.units[..at].last())
                && is_number(&before.text)
                && is_number(&word.text)
            {
                // Typed apart: `python 3 12`.
                let decimals = decimals(&word.text);
                context.forms.add_adjacent(&mut word.terms, &[&before.text, &decimals], is_prefix)?;
            }
            self.add_synonyms(at..at + length, &mut plan, context)?;
            if let UnitPlan::Compound(parts, joined, _) = &mut plan {
                // As one word it is rare because of its spelling, not because of its meaning.
                joined.set_idf(parts.iter().map(|part| part.terms.idf()).sum());
            }
            let is_informative = context.informative[at] || joined.is_some();
            if !is_informative && context.scales_uninformative {
                plan.words_mut().iter_mut().for_each(PlannedWord::reduce);
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
        plan: &mut UnitPlan<L::Terms>,
        context: &mut UnitContext<'_, L>,
    ) -> Result<(), L::Error> {
        let UnitContext { matches, synonyms, forms, .. } = context;
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
            synonyms.add(terms, &found.synonyms, self.marks.then_some(&mut forms.highlighter))?;
        }
        Ok(())
    }

    /// Makes units with synonyms as a whole one unit.
    fn group(
        &self,
        parts: Vec<PlannedUnit<L::Terms>>,
        synonyms: &[Arc<Synonym>],
        context: &mut UnitContext<'_, L>,
    ) -> Result<PlannedUnit<L::Terms>, L::Error> {
        let mut terms = context.forms.empty();
        let marks = self.marks.then_some(&mut context.forms.highlighter);
        context.synonyms.add(&mut terms, synonyms, marks)?;
        let words = parts.iter().flat_map(|part| part.plan.words());
        terms.set_idf(words.map(|word| word.terms.idf()).sum());
        let is_informative = parts.iter().any(|part| part.is_informative);
        Ok(PlannedUnit { plan: UnitPlan::Group(parts, Box::new(terms)), is_informative, has_typos: false })
    }

    /// Adds similar words to a unit.
    pub(crate) fn add_typos(&self, plan: &mut QueryPlan<L::Terms>, unit: usize) -> Result<(), L::Error> {
        let planned = &mut plan.included[unit];
        if std::mem::replace(&mut planned.has_typos, true) {
            return Ok(());
        }
        let words = planned.parts_mut().iter_mut().flat_map(|part| part.plan.words_mut());
        for word in words.filter(|word| !word.is_quoted) {
            let parts = add_splits(&self.lookup, self.stop_words(), word, true)?;
            if self.marks {
                plan.highlighter.phrases.extend(parts);
            }
            let marks = self.marks.then_some(&mut plan.highlighter);
            plan.misspellings.extend(self.lookup.add_similar(word, marks)?);
        }
        Ok(())
    }

    fn unit(
        &self,
        unit: &QueryUnit,
        is_prefix: bool,
        forms: &mut FormLookup<'_, L>,
    ) -> Result<UnitPlan<L::Terms>, L::Error> {
        Ok(match unit {
            QueryUnit::Word(word) => {
                let mut word = forms.word(word, is_prefix)?;
                // Before its terms have been looked up, each word seems unknown.
                if self.lookup.is_complete() {
                    let parts = add_splits(&self.lookup, self.stop_words(), &mut word, false)?;
                    forms.highlighter.phrases.extend(parts);
                }
                UnitPlan::Word(Box::new(word))
            }
            QueryUnit::Compound(words, spellings) => {
                let last = words.len().saturating_sub(1);
                let mut parts = Vec::with_capacity(words.len());
                for (at, word) in words.iter().enumerate() {
                    let is_informative = is_informative_part(word, |part| self.stop_words().contains(part));
                    let mut planned = forms.word(word, is_prefix && at == last)?;
                    let is_elided = word.is_elided && at < last && self.elides();
                    if is_elided {
                        planned.reduce();
                    }
                    parts.push(PlannedWord {
                        is_informative: is_informative && !is_elided,
                        is_elided,
                        ..planned
                    });
                }
                let (joined, places) = self.whole(words, spellings, is_prefix, forms)?;
                UnitPlan::Compound(parts, joined, places)
            }
            QueryUnit::Unspaced(characters, spellings) => {
                UnitPlan::Word(Box::new(forms.unspaced(characters, spellings, is_prefix)?))
            }
            QueryUnit::Phrase(words) => {
                let plain = words.iter().map(|word| without_symbols(word).to_owned());
                forms.highlighter.phrases.push(plain.collect());
                match words.as_slice() {
                    [word] => UnitPlan::Word(Box::new(forms.exact_word(word)?)),
                    _ => UnitPlan::Phrase(self.lookup.phrase(words)?, unmarked_text(words)),
                }
            }
        })
    }

    /// Returns true if documents that the search may find are in a language that elides articles.
    fn elides(&self) -> bool {
        self.lookup.languages().all.iter().any(|&language| elides(language))
    }

    /// Looks a compound up as a whole.
    fn whole(
        &self,
        words: &[QueryWord],
        spellings: &[OtherSpelling],
        is_prefix: bool,
        forms: &mut FormLookup<'_, L>,
    ) -> Result<(L::Terms, PartPlaces), L::Error> {
        let mut joined = forms.spellings(spellings, is_prefix)?;
        let places = PartPlaces::of(words, spellings);
        if places == PartPlaces::SideBySide {
            let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            forms.add_adjacent(&mut joined, &texts, is_prefix)?;
            if let [before @ .., last] = texts.as_slice()
                && let Some(last) = without_point(last)
            {
                // A version that continues, and a number while its thousands are typed, have no decimals.
                forms.add_adjacent(&mut joined, &[before, &[last]].concat(), is_prefix)?;
            }
        }
        Ok((joined, places))
    }

    /// Looks up a unit that some document writes together with the next one: a word, or a number with separators.
    fn neighbour(
        &self,
        unit: &QueryUnit,
        forms: &mut FormLookup<'_, L>,
    ) -> Result<PlannedWord<L::Terms>, L::Error> {
        Ok(match unit {
            QueryUnit::Word(word) => forms.word(word, false)?,
            QueryUnit::Compound(words, spellings) => {
                PlannedWord::new(unit.key(), self.whole(words, spellings, false, forms)?.0)
            }
            QueryUnit::Unspaced(..) | QueryUnit::Phrase(_) => PlannedWord::new(unit.key(), forms.empty()),
        })
    }

    fn stop_words(&self) -> StopWords<'_> {
        let Self { rulebook, filter, .. } = *self;
        StopWords { main_languages: &self.lookup.languages().main, rulebook, filter }
    }
}

/// Returns quoted words as they are shown.
fn unmarked_text(words: &[String]) -> String {
    words.iter().map(|word| unmarked(word)).collect::<Vec<_>>().join(" ")
}
