//! The plan of a query: its words, looked up in the dictionaries of a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use tantivy::Term;
use tantivy::query::{EnableScoring, PhraseQuery, Query, Weight};

use super::super::analysis::{marked_name, marked_stem};
use super::super::highlight::Highlighter;
use super::super::query::{ParsedQuery, QueryUnit};
use super::super::request::SearchRequest;
use super::document_terms::SHORT_PREFIX_CHARS;
use super::fuzzy::FuzzyAutomaton;
use super::schema::Fields;
use super::scorers::UnitScorer;
use super::snapshot::IndexSnapshot;
use super::word::{Completions, EXACT, STEM, SegmentWord, WordForm, WordPlan, is_commonplace};
use quarry_config::Language;

/// The factor of words at two edits.
const TWO_EDITS: f32 = 0.5;

/// Completions of a prefix that are scanned.
const MAX_COMPLETIONS: usize = 20_000;
/// Words that stand for a mistyped one.
const MAX_FUZZY_EXPANSIONS: usize = 64;

/// A query, looked up in a snapshot.
pub(super) struct QueryPlan {
    /// Units of which all match, or any.
    pub(super) included: Vec<UnitPlan>,
    /// Units of which none matches.
    pub(super) excluded: Vec<UnitPlan>,
}

/// A unit of a query, looked up.
pub(super) enum UnitPlan {
    Word(WordPlan),
    Phrase(Box<dyn Weight>),
}

impl UnitPlan {
    /// Returns the scorer of the unit's documents in a segment.
    pub(super) fn scorer(&self, snapshot: &IndexSnapshot, ordinal: usize) -> tantivy::Result<UnitScorer> {
        match self {
            Self::Word(word) => word.scorer(snapshot, ordinal),
            Self::Phrase(weight) => {
                Ok(UnitScorer::phrase(weight.scorer(&snapshot.segments[ordinal].reader, 1.0)?))
            }
        }
    }
}

/// Looks words up.
pub(super) struct Planner<'a> {
    pub(super) snapshot: &'a IndexSnapshot,
    pub(super) fields: &'a Fields,
    pub(super) languages: &'a BTreeSet<Language>,
}

impl Planner<'_> {
    /// Looks a query up, and adds its included terms to the highlighter.
    pub(super) fn plan(
        &self,
        query: &ParsedQuery,
        request: &SearchRequest,
        highlighter: &mut Highlighter,
    ) -> tantivy::Result<QueryPlan> {
        let last = query.included.len().saturating_sub(1);
        let mut included = Vec::with_capacity(query.included.len());
        for (at, unit) in query.included.iter().enumerate() {
            let is_prefix = request.prefix && query.ends_in_prefix && at == last;
            included.push(self.unit(unit, is_prefix, request.typo_tolerance, highlighter)?);
        }
        let excluded = query.excluded.iter();
        let excluded = excluded.map(|unit| self.unit(unit, false, false, &mut Highlighter::default()));
        Ok(QueryPlan { included, excluded: excluded.collect::<tantivy::Result<_>>()? })
    }

    fn unit(
        &self,
        unit: &QueryUnit,
        is_prefix: bool,
        typos: bool,
        highlighter: &mut Highlighter,
    ) -> tantivy::Result<UnitPlan> {
        match unit {
            QueryUnit::Word(word) => Ok(UnitPlan::Word(self.word(word, is_prefix, typos, highlighter)?)),
            QueryUnit::Phrase(words) => self.phrase(words, highlighter),
        }
    }

    fn phrase(&self, words: &[String], highlighter: &mut Highlighter) -> tantivy::Result<UnitPlan> {
        highlighter.phrases.push(words.to_vec());
        if let [word] = words {
            return Ok(UnitPlan::Word(self.exact_word(word)?));
        }
        let terms = words.iter().map(|word| Term::from_field_text(self.fields.words, word)).collect();
        let scoring = EnableScoring::enabled_from_searcher(&self.snapshot.searcher);
        Ok(UnitPlan::Phrase(PhraseQuery::new(terms).weight(scoring)?))
    }

    /// Looks up one word in quotes, without its other forms.
    fn exact_word(&self, word: &str) -> tantivy::Result<WordPlan> {
        let mut segments = self.empty_segments();
        let frequency = self.add_term(&mut segments, word, EXACT, false)?;
        self.add_title(&mut segments, word)?;
        Ok(WordPlan { idf: self.snapshot.idf(frequency), segments })
    }

    fn word(
        &self,
        word: &str,
        is_prefix: bool,
        typos: bool,
        highlighter: &mut Highlighter,
    ) -> tantivy::Result<WordPlan> {
        let mut segments = self.empty_segments();
        let mut frequency = self.add_forms(&mut segments, word, 1.0, highlighter)?;
        if is_prefix {
            self.add_completions(&mut segments, word)?;
            highlighter.prefixes.push(word.to_owned());
            if frequency == 0 {
                frequency = segments.iter().map(|segment| segment.completions.frequency()).sum();
            }
        }
        if typos && !self.has_live_document(&segments)? {
            frequency = self.add_fuzzy_expansions(&mut segments, word, highlighter)?;
        }
        Ok(WordPlan { idf: self.snapshot.idf(frequency), segments })
    }

    fn empty_segments(&self) -> Vec<SegmentWord> {
        self.snapshot.segments.iter().map(|_| SegmentWord::default()).collect()
    }

    /// Adds a word with its stems and name; returns the highest frequency.
    fn add_forms(
        &self,
        segments: &mut [SegmentWord],
        word: &str,
        factor: f32,
        highlighter: &mut Highlighter,
    ) -> tantivy::Result<u64> {
        let mut frequency = self.add_term(segments, word, EXACT * factor, false)?;
        highlighter.words.insert(word.to_owned());
        for language in self.languages {
            let stem = marked_stem(word, *language);
            frequency = frequency.max(self.add_term(segments, &stem, STEM * factor, false)?);
            highlighter.stems.insert(stem);
        }
        frequency = frequency.max(self.add_term(segments, &marked_name(word), STEM * factor, false)?);
        self.add_title(segments, word)?;
        Ok(frequency)
    }

    fn add_term(
        &self,
        segments: &mut [SegmentWord],
        term: &str,
        factor: f32,
        optional: bool,
    ) -> tantivy::Result<u64> {
        let mut frequency = 0;
        let mut added = Vec::new();
        for (ordinal, (found, segment)) in segments.iter_mut().zip(&self.snapshot.segments).enumerate() {
            if let Some(info) = segment.words.terms().get(term)? {
                frequency += u64::from(info.doc_freq);
                // Fuzzy expansions share stems; one posting list of each is enough.
                if !found.forms.iter().any(|known| known.info.postings_range == info.postings_range) {
                    found.forms.push(WordForm { info, factor, optional, commonplace: false });
                    added.push(ordinal);
                }
            }
        }
        if is_commonplace(frequency, self.snapshot.documents) {
            for ordinal in added {
                if let Some(form) = segments[ordinal].forms.last_mut() {
                    form.commonplace = true;
                }
            }
        }
        Ok(frequency)
    }

    fn add_title(&self, segments: &mut [SegmentWord], word: &str) -> tantivy::Result<()> {
        if !self.snapshot.has_titles {
            return Ok(());
        }
        for (found, segment) in segments.iter_mut().zip(&self.snapshot.segments) {
            found.titles.extend(segment.title.terms().get(word)?);
        }
        Ok(())
    }

    fn add_completions(&self, segments: &mut [SegmentWord], prefix: &str) -> tantivy::Result<()> {
        let is_short = prefix.chars().count() <= SHORT_PREFIX_CHARS;
        for (found, segment) in segments.iter_mut().zip(&self.snapshot.segments) {
            if is_short {
                if let Some(info) = segment.prefixes.terms().get(prefix)? {
                    found.completions = Completions::ShortPrefix(info);
                }
                continue;
            }
            let mut words = Vec::new();
            let mut terms = segment.words_with_prefix(prefix)?;
            while words.len() < MAX_COMPLETIONS && terms.advance() {
                words.push(terms.value().clone());
            }
            if !words.is_empty() {
                found.completions = Completions::Words(words);
            }
        }
        Ok(())
    }

    /// Returns true if a live document contains a form or a completion.
    fn has_live_document(&self, segments: &[SegmentWord]) -> tantivy::Result<bool> {
        for (found, segment) in segments.iter().zip(&self.snapshot.segments) {
            for form in &found.forms {
                if segment.has_live_document(&segment.words, &form.info)? {
                    return Ok(true);
                }
            }
            if found.completions.has_live_document(segment)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Replaces the terms of a word by those of similar words.
    fn add_fuzzy_expansions(
        &self,
        segments: &mut [SegmentWord],
        word: &str,
        highlighter: &mut Highlighter,
    ) -> tantivy::Result<u64> {
        let Some(automaton) = FuzzyAutomaton::of(word) else { return Ok(0) };
        // Only deleted documents contain the terms so far.
        segments.iter_mut().for_each(|found| *found = SegmentWord::default());
        let mut expansions: BTreeMap<String, u8> = BTreeMap::new();
        for segment in &self.snapshot.segments {
            let mut terms = segment.words.terms().search(&automaton).into_stream()?;
            while terms.advance() {
                let Ok(term) = std::str::from_utf8(terms.key()) else { continue };
                if segment.has_live_document(&segment.words, terms.value())? {
                    expansions.entry(term.to_owned()).or_insert_with(|| automaton.distance(term));
                }
            }
        }
        let mut expansions: Vec<(u8, String)> =
            expansions.into_iter().map(|(term, distance)| (distance, term)).collect();
        expansions.sort_unstable();
        expansions.truncate(MAX_FUZZY_EXPANSIONS);
        let mut frequency = 0;
        for (distance, term) in expansions {
            let factor = if distance > 1 { TWO_EDITS } else { 1.0 };
            frequency = frequency.max(self.add_forms(segments, &term, factor, highlighter)?);
        }
        Ok(frequency)
    }
}
