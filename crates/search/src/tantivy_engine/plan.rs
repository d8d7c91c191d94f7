//! What a query means for one view of the index: its words, looked up in the dictionaries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tantivy::postings::TermInfo;
use tantivy::query::{EnableScoring, PhraseQuery, Query, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{InvertedIndexReader, Term};

use super::super::analysis::{marked_name, marked_stem};
use super::super::highlight::Marks;
use super::super::query::Unit;
use super::neighbours::Neighbours;
use super::postings::{Documents, Form, UnitCursor};
use super::schema::{Fields, SHORT_PREFIX_CHARS};
use super::sets::{SetCursor, union};
use super::snapshot::{Segment, Snapshot};
use super::word::{Completions, EXACT, FoundTerm, STEM, SegmentWord, WordPlan, is_commonplace};
use quarry_config::Language;

/// A neighbour two edits away is worth this share of one that is one edit away.
const FAR_NEIGHBOUR: f32 = 0.5;

/// Completions of a prefix that are looked at, and neighbours of a mistyped word.
const MAX_COMPLETIONS: usize = 20_000;
const MAX_NEIGHBOURS: usize = 64;

/// How the words of a query are looked up.
#[derive(Clone, Copy)]
pub(super) struct Lookup<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) fields: &'a Fields,
    pub(super) languages: &'a BTreeSet<Language>,
}

/// A unit of a query, looked up.
pub(super) enum UnitPlan {
    Word(WordPlan),
    Phrase(Box<dyn Weight>),
}

impl Lookup<'_> {
    /// Looks a unit up. `open`: it may be the beginning of a longer word. `marks` learns what
    /// to highlight.
    pub(super) fn unit(
        &self,
        unit: &Unit,
        open: bool,
        typos: bool,
        marks: &mut Marks,
    ) -> tantivy::Result<UnitPlan> {
        match unit {
            Unit::Word(word) => Ok(UnitPlan::Word(self.word(word, open, typos, marks)?)),
            Unit::Phrase(words) => self.phrase(words, marks),
        }
    }

    fn phrase(&self, words: &[String], marks: &mut Marks) -> tantivy::Result<UnitPlan> {
        marks.phrases.push(words.to_vec());
        if let [word] = words {
            return Ok(UnitPlan::Word(self.exact_word(word)?));
        }
        let terms = words.iter().map(|word| Term::from_field_text(self.fields.words, word)).collect();
        let scoring = EnableScoring::enabled_from_searcher(&self.snapshot.searcher);
        Ok(UnitPlan::Phrase(PhraseQuery::new(terms).weight(scoring)?))
    }

    /// One word in quotes: as it is, in no other form.
    fn exact_word(&self, word: &str) -> tantivy::Result<WordPlan> {
        let mut segments = self.empty_segments();
        let frequency = self.add_term(&mut segments, word, EXACT, false)?;
        self.add_title(&mut segments, word)?;
        Ok(WordPlan::new(self.snapshot.rarity(frequency), segments))
    }

    fn word(&self, word: &str, open: bool, typos: bool, marks: &mut Marks) -> tantivy::Result<WordPlan> {
        let mut segments = self.empty_segments();
        let mut frequency = self.add_forms(&mut segments, word, 1.0, marks)?;
        if open {
            self.add_completions(&mut segments, word)?;
            marks.prefixes.push(word.to_owned());
            if frequency == 0 {
                frequency = segments.iter().map(|segment| segment.completions.frequency()).sum();
            }
        }
        if typos && !self.is_known(&segments)? {
            frequency = self.add_neighbours(&mut segments, word, marks)?;
        }
        Ok(WordPlan::new(self.snapshot.rarity(frequency), segments))
    }

    fn empty_segments(&self) -> Vec<SegmentWord> {
        self.snapshot.segments.iter().map(|_| SegmentWord::default()).collect()
    }

    /// Adds a word with its stems and its name; returns how many documents the most frequent form
    /// has.
    fn add_forms(
        &self,
        segments: &mut [SegmentWord],
        word: &str,
        share: f32,
        marks: &mut Marks,
    ) -> tantivy::Result<u64> {
        // Whatever document has the word has one of its marked forms.
        let mut frequency = self.add_term(segments, word, EXACT * share, true)?;
        marks.words.insert(word.to_owned());
        for language in self.languages {
            let stem = marked_stem(word, *language);
            frequency = frequency.max(self.add_term(segments, &stem, STEM * share, false)?);
            marks.stems.insert(stem);
        }
        frequency = frequency.max(self.add_term(segments, &marked_name(word), STEM * share, false)?);
        self.add_title(segments, word)?;
        Ok(frequency)
    }

    fn add_term(
        &self,
        segments: &mut [SegmentWord],
        term: &str,
        factor: f32,
        covered: bool,
    ) -> tantivy::Result<u64> {
        let mut frequency = 0;
        let mut added = Vec::new();
        for (ordinal, (found, segment)) in segments.iter_mut().zip(&self.snapshot.segments).enumerate() {
            if let Some(info) = segment.words.terms().get(term)? {
                frequency += u64::from(info.doc_freq);
                // Neighbours share stems: one list of each is enough.
                if !found.terms.iter().any(|known| known.info.postings_range == info.postings_range) {
                    found.terms.push(FoundTerm { info, factor, covered, commonplace: false });
                    added.push(ordinal);
                }
            }
        }
        if is_commonplace(frequency, self.snapshot.documents) {
            for ordinal in added {
                if let Some(term) = segments[ordinal].terms.last_mut() {
                    term.commonplace = true;
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

    fn add_completions(&self, segments: &mut [SegmentWord], word: &str) -> tantivy::Result<()> {
        let short = word.chars().count() <= SHORT_PREFIX_CHARS;
        for (found, segment) in segments.iter_mut().zip(&self.snapshot.segments) {
            if short {
                if let Some(info) = segment.prefixes.terms().get(word)? {
                    found.completions = Completions::Short(info);
                }
                continue;
            }
            let mut words = Vec::new();
            let mut behind = word.as_bytes().to_vec();
            behind.push(u8::MAX); // No UTF-8 text has this byte.
            let mut stream = segment.words.terms().range().ge(word).lt(behind).into_stream()?;
            while words.len() < MAX_COMPLETIONS && stream.advance() {
                words.push(stream.value().clone());
            }
            if !words.is_empty() {
                found.completions = Completions::Words(words);
            }
        }
        Ok(())
    }

    /// Whether some document that was not removed has the word, in a form or as its beginning.
    fn is_known(&self, segments: &[SegmentWord]) -> tantivy::Result<bool> {
        for (found, segment) in segments.iter().zip(&self.snapshot.segments) {
            for term in &found.terms {
                if has_live_document(&segment.words, &term.info, segment)? {
                    return Ok(true);
                }
            }
            match &found.completions {
                Completions::None => {}
                Completions::Short(info) => {
                    if has_live_document(&segment.prefixes, info, segment)? {
                        return Ok(true);
                    }
                }
                Completions::Words(words) => {
                    for info in words {
                        if has_live_document(&segment.words, info, segment)? {
                            return Ok(true);
                        }
                    }
                }
            }
        }
        Ok(false)
    }

    fn add_neighbours(
        &self,
        segments: &mut [SegmentWord],
        word: &str,
        marks: &mut Marks,
    ) -> tantivy::Result<u64> {
        let Some(neighbours) = Neighbours::of(word) else { return Ok(0) };
        // Whatever was found so far, only removed documents have it.
        segments.iter_mut().for_each(|found| *found = SegmentWord::default());
        let mut found: BTreeMap<String, u8> = BTreeMap::new();
        for segment in &self.snapshot.segments {
            let mut stream = segment.words.terms().search(&neighbours).into_stream()?;
            while stream.advance() {
                let Ok(term) = std::str::from_utf8(stream.key()) else { continue };
                if has_live_document(&segment.words, stream.value(), segment)? {
                    found.entry(term.to_owned()).or_insert_with(|| neighbours.distance(term));
                }
            }
        }
        let mut found: Vec<(u8, String)> =
            found.into_iter().map(|(term, distance)| (distance, term)).collect();
        found.sort_unstable();
        found.truncate(MAX_NEIGHBOURS);
        let mut frequency = 0;
        for (distance, term) in found {
            let share = if distance > 1 { FAR_NEIGHBOUR } else { 1.0 };
            frequency = frequency.max(self.add_forms(segments, &term, share, marks)?);
        }
        Ok(frequency)
    }
}

/// Whether some document that was not removed has a term.
pub(super) fn has_live_document(
    index: &InvertedIndexReader,
    info: &TermInfo,
    segment: &Segment,
) -> tantivy::Result<bool> {
    if !segment.reader.has_deletes() {
        return Ok(info.doc_freq > 0);
    }
    let mut block = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    while !block.docs().is_empty() {
        if block.docs().iter().any(|&doc| segment.is_alive(doc)) {
            return Ok(true);
        }
        block.advance();
    }
    Ok(false)
}

impl UnitPlan {
    /// The unit's documents in one segment.
    pub(super) fn cursor(&self, ordinal: usize, segment: &Segment) -> tantivy::Result<UnitCursor> {
        match self {
            UnitPlan::Word(word) => word.cursor(ordinal, segment),
            UnitPlan::Phrase(weight) => {
                let scorer = weight.scorer(&segment.reader, 1.0)?;
                let size = u64::from(scorer.size_hint());
                let form = Form { documents: Documents::Phrase(scorer), weight: 1.0 };
                Ok(UnitCursor::new(vec![form], Vec::new(), None, size))
            }
        }
    }
}

/// The documents that have one of some labels.
pub(super) fn labelled(
    index: &InvertedIndexReader,
    segment: &Segment,
    labels: &[String],
) -> tantivy::Result<UnitCursor> {
    let mut terms = Vec::with_capacity(labels.len());
    for label in labels {
        terms.extend(index.terms().get(label)?);
    }
    let set = union(&terms, index, segment.reader.max_doc())?;
    let size = set.len() as u64;
    let form = Form { documents: Documents::Set(SetCursor::new(Arc::new(set))), weight: 0.0 };
    Ok(UnitCursor::new(vec![form], Vec::new(), None, size))
}
