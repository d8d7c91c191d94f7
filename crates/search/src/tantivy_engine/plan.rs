//! The plan of a query: its units, looked up in the dictionaries of a snapshot.

use std::borrow::Cow;

use tantivy::query::Weight;

use super::super::highlight::Highlighter;
use super::super::query::{ParsedQuery, QueryUnit};
use super::super::request::SearchRequest;
use super::forms::FormLookup;
use super::fuzzy_words::{FuzzyWords, Misspelling};
use super::phrases::phrase_weight;
use super::schema::Fields;
use super::scorers::{CompoundScorer, UnitScorer, WordScorer};
use super::snapshot::IndexSnapshot;
use super::splits;
use super::weights::{PHRASE, UNINFORMATIVE, Weights};
use super::wholes::add_whole;
use super::word::{PlannedWord, TermGroup, WordPlan};

/// The maximum number of words of a query that are looked up.
const MAX_WORDS: usize = 32;

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
        self.included.iter().map(|unit| unit.plan.words().len().max(1)).sum()
    }
}

/// A unit of a query with its role.
pub(super) struct PlannedUnit {
    pub(super) plan: UnitPlan,
    /// False for words such as `the` beside others: they alone make no document a match of any word.
    pub(super) is_informative: bool,
    /// True once its typos have been looked up.
    has_typos: bool,
}

/// A unit of a query, looked up.
pub(super) enum UnitPlan {
    Word(Box<PlannedWord>),
    /// Words that are also written together.
    Compound(Vec<PlannedWord>, WordPlan),
    Phrase(Box<dyn Weight>),
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
            Self::Compound(parts, joined) => {
                let parts = parts
                    .iter()
                    .map(|part| Ok(UnitScorer::Word(part.terms.scorer(snapshot, ordinal, typos)?)))
                    .collect::<tantivy::Result<_>>()?;
                let joined = joined.scorer(snapshot, ordinal, typos)?;
                UnitScorer::Compound(Box::new(CompoundScorer::new(parts, any, joined)))
            }
            Self::Phrase(weight) => {
                let scorer = weight.scorer(&snapshot.segments[ordinal].reader, PHRASE)?;
                UnitScorer::Word(WordScorer::phrase(scorer))
            }
        })
    }

    /// Returns its words in order; none of phrases.
    pub(super) fn words(&self) -> &[PlannedWord] {
        match self {
            Self::Word(word) => std::slice::from_ref(word),
            Self::Compound(parts, _) => parts,
            Self::Phrase(_) => &[],
        }
    }

    fn words_mut(&mut self) -> &mut [PlannedWord] {
        match self {
            Self::Word(word) => std::slice::from_mut(word),
            Self::Compound(parts, _) => parts,
            Self::Phrase(_) => &mut [],
        }
    }
}

/// Looks units up.
pub(super) struct Planner<'a> {
    pub(super) snapshot: &'a IndexSnapshot,
    pub(super) fields: &'a Fields,
    pub(super) marks: bool,
}

impl Planner<'_> {
    /// Looks a query up as it was typed.
    pub(super) fn plan(&self, query: &ParsedQuery, request: &SearchRequest) -> tantivy::Result<QueryPlan> {
        let ends_in_prefix = request.prefix && query.ends_in_prefix;
        let (units, is_truncated) = self.most_informative(&query.included)?;
        let informative = self.informative(&units);
        let words = units.iter().zip(&informative).filter(|(_, is_informative)| **is_informative);
        let words: usize = words.map(|(unit, _)| unit.words()).sum();
        let weights = Weights::of(if words == 0 { units.iter().map(QueryUnit::words).sum() } else { words });
        let mut lookup = FormLookup::new(self.snapshot, weights, self.marks);
        let joins =
            splits::joined_neighbours(self.snapshot, &units, &informative, ends_in_prefix && !is_truncated)?;
        let mut included: Vec<PlannedUnit> = Vec::with_capacity(units.len());
        let mut at = 0;
        while at < units.len() {
            let joined = joins.iter().find(|(first, _)| *first == at);
            let length = if joined.is_some() { 2 } else { 1 };
            let is_prefix = ends_in_prefix && !is_truncated && at + length == units.len();
            let mut plan = match (joined, &units[at..at + length]) {
                (Some((_, term)), [QueryUnit::Word(first), QueryUnit::Word(second)]) => {
                    let parts = vec![lookup.word(first, false)?, lookup.word(second, is_prefix)?];
                    UnitPlan::Compound(parts, lookup.joined(term, &[], is_prefix)?)
                }
                (_, units) => self.unit(&units[0], is_prefix, &mut lookup)?,
            };
            if let UnitPlan::Compound(parts, joined) = &mut plan {
                // As one word it is rare because of its spelling, not because of its meaning.
                joined.idf = parts.iter().map(|part| part.terms.idf).sum();
            }
            let is_informative = informative[at] || joined.is_some();
            if !is_informative && words > 0 {
                for word in plan.words_mut() {
                    word.terms.idf *= UNINFORMATIVE;
                }
            }
            included.push(PlannedUnit {
                plan,
                is_informative: is_informative || words == 0,
                has_typos: false,
            });
            at += length;
        }
        let mut unmarked = FormLookup::new(self.snapshot, weights, false);
        let excluded = query.excluded.iter().map(|unit| self.unit(unit, false, &mut unmarked));
        let excluded = excluded.collect::<tantivy::Result<_>>()?;
        let whole = self.whole(query, ends_in_prefix, &included)?;
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

    /// Adds similar words to a unit.
    pub(super) fn add_typos(&self, plan: &mut QueryPlan, unit: usize) -> tantivy::Result<()> {
        let planned = &mut plan.included[unit];
        if std::mem::replace(&mut planned.has_typos, true) {
            return Ok(());
        }
        for word in planned.plan.words_mut().iter_mut().filter(|word| !word.is_quoted) {
            let parts = splits::add_splits(self.snapshot, self.fields, word, true)?;
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
                if word.terms.is_empty() {
                    let parts = splits::add_splits(self.snapshot, self.fields, &mut word, false)?;
                    lookup.highlighter.phrases.extend(parts);
                }
                Ok(UnitPlan::Word(Box::new(word)))
            }
            QueryUnit::Compound(words, spellings) => {
                let last = words.len().saturating_sub(1);
                let parts = words.iter().enumerate();
                let parts = parts
                    .map(|(at, word)| lookup.word(word, is_prefix && at == last))
                    .collect::<tantivy::Result<_>>()?;
                Ok(UnitPlan::Compound(parts, lookup.spellings(spellings, is_prefix)?))
            }
            QueryUnit::Unspaced(characters) => {
                let phrase = phrase_weight(self.snapshot, self.fields, characters)?;
                let terms = lookup.unspaced(characters, phrase)?;
                let text = characters.concat();
                Ok(UnitPlan::Word(Box::new(PlannedWord { text, is_prefix: false, is_quoted: false, terms })))
            }
            QueryUnit::Phrase(words) => {
                lookup.highlighter.phrases.push(words.clone());
                if let [word] = words.as_slice() {
                    return Ok(UnitPlan::Word(Box::new(lookup.exact_word(word)?)));
                }
                Ok(UnitPlan::Phrase(phrase_weight(self.snapshot, self.fields, words)?))
            }
        }
    }

    /// Keeps the most informative words of a long query, in their order.
    fn most_informative<'q>(&self, units: &'q [QueryUnit]) -> tantivy::Result<(Cow<'q, [QueryUnit]>, bool)> {
        if units.len() <= MAX_WORDS {
            return Ok((Cow::Borrowed(units), false));
        }
        let mut ranked: Vec<(f32, usize)> = Vec::with_capacity(units.len());
        let informative = self.informative(units);
        for (at, unit) in units.iter().enumerate() {
            let frequency = self.snapshot.least_frequency(&unit.texts())?;
            // Words of no document tell nothing about those of the index.
            let idf = if frequency == 0 || !informative[at] { 0.0 } else { self.snapshot.idf(frequency) };
            ranked.push((idf, at));
        }
        ranked.sort_by(|(a, a_at), (b, b_at)| b.total_cmp(a).then(a_at.cmp(b_at)));
        let mut kept: Vec<usize> = ranked.into_iter().take(MAX_WORDS).map(|(_, at)| at).collect();
        kept.sort_unstable();
        Ok((kept.into_iter().map(|at| units[at].clone()).collect(), true))
    }

    /// Returns for each unit whether it carries information.
    fn informative(&self, units: &[QueryUnit]) -> Vec<bool> {
        let informative = units.iter().map(|unit| match unit {
            QueryUnit::Word(word) => !self.snapshot.is_stop_word(&word.text),
            QueryUnit::Compound(words, _) => {
                // The letter of a contraction: what's, don't.
                words
                    .iter()
                    .any(|word| word.text.chars().count() > 1 && !self.snapshot.is_stop_word(&word.text))
            }
            QueryUnit::Unspaced(_) | QueryUnit::Phrase(_) => true,
        });
        informative.collect()
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
        let idf: f32 = included.iter().flat_map(|unit| unit.plan.words()).map(|word| word.terms.idf).sum();
        add_whole(self.snapshot, &whole, ends_in_prefix, idf, &mut found)?;
        Ok(found)
    }
}
