//! What a query means for one view of the index: its words, looked up in the dictionaries.

use std::collections::{BTreeMap, BTreeSet};

use tantivy::postings::TermInfo;
use tantivy::query::{EnableScoring, PhraseQuery, Query, Weight};
use tantivy::schema::IndexRecordOption;
use tantivy::{InvertedIndexReader, Term};
use tantivy_common::BitSet;

use super::super::analysis::marked_stem;
use super::super::highlight::Marks;
use super::super::query::Unit;
use super::neighbours::Neighbours;
use super::postings::{Documents, Form, PostingCursor, UnitCursor};
use super::schema::{Fields, SHORT_PREFIX_CHARS};
use super::snapshot::{Segment, Snapshot};
use crate::config::Language;

/// What a match of each form is worth, as a factor of the word's rarity. A term's score is this
/// times 1 to 3.2, so an exact match is always worth more than a stem, and that more than a
/// prefix.
const EXACT: f32 = 1.0;
const STEM: f32 = 0.3;
const PREFIX: f32 = 0.25;
const IN_TITLE: f32 = 1.0;
/// A neighbour two edits away is worth this share of one that is one edit away.
const FAR_NEIGHBOUR: f32 = 0.5;

/// Completions of a prefix that are looked at, and neighbours of a mistyped word.
const MAX_COMPLETIONS: usize = 20_000;
const MAX_NEIGHBOURS: usize = 64;

/// Up to this many posting lists are walked side by side; more become a set first.
const SIDE_BY_SIDE: usize = 4;

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

/// A word, looked up in every segment.
pub(super) struct WordPlan {
    rarity: f32,
    segments: Vec<SegmentWord>,
}

/// What one segment's dictionary has of a word.
#[derive(Default)]
struct SegmentWord {
    /// Terms and the factor of their score.
    terms: Vec<(TermInfo, f32)>,
    /// Words that begin with it.
    completions: Completions,
    titles: Vec<TermInfo>,
}

#[derive(Default)]
enum Completions {
    #[default]
    None,
    /// The posting list of a short prefix.
    Short(TermInfo),
    /// The words themselves; the exact word is among them.
    Words(Vec<TermInfo>),
}

impl Completions {
    fn frequency(&self) -> u64 {
        match self {
            Completions::None => 0,
            Completions::Short(term) => u64::from(term.doc_freq),
            Completions::Words(terms) => terms.iter().map(|term| u64::from(term.doc_freq)).sum(),
        }
    }
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
        let frequency = self.add_term(&mut segments, word, EXACT)?;
        self.add_title(&mut segments, word)?;
        Ok(WordPlan { rarity: self.snapshot.rarity(frequency), segments })
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
        Ok(WordPlan { rarity: self.snapshot.rarity(frequency), segments })
    }

    fn empty_segments(&self) -> Vec<SegmentWord> {
        self.snapshot.segments.iter().map(|_| SegmentWord::default()).collect()
    }

    /// Adds a word and its stems; returns how many documents the more frequent form has.
    fn add_forms(
        &self,
        segments: &mut [SegmentWord],
        word: &str,
        share: f32,
        marks: &mut Marks,
    ) -> tantivy::Result<u64> {
        let mut frequency = self.add_term(segments, word, EXACT * share)?;
        marks.words.insert(word.to_owned());
        for language in self.languages {
            let Some(stem) = marked_stem(word, *language) else { continue };
            frequency = frequency.max(self.add_term(segments, &stem, STEM * share)?);
            marks.stems.insert(stem);
        }
        self.add_title(segments, word)?;
        Ok(frequency)
    }

    fn add_term(&self, segments: &mut [SegmentWord], term: &str, factor: f32) -> tantivy::Result<u64> {
        let mut frequency = 0;
        for (found, segment) in segments.iter_mut().zip(&self.snapshot.segments) {
            if let Some(info) = segment.words.terms().get(term)? {
                frequency += u64::from(info.doc_freq);
                // Neighbours share stems: one list of each is enough.
                if !found.terms.iter().any(|(known, _)| known.postings_range == info.postings_range) {
                    found.terms.push((info, factor));
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
            for (info, _) in &found.terms {
                if has_live_document(&segment.words, info, segment)? {
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

fn has_live_document(
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

impl WordPlan {
    fn cursor(&self, ordinal: usize, segment: &Segment) -> tantivy::Result<UnitCursor> {
        let found = &self.segments[ordinal];
        let mut size: u64 = 0;
        let mut forms = Vec::with_capacity(found.terms.len() + 1);
        let mut better = Vec::new();
        let has_completions = !matches!(found.completions, Completions::None);
        for (info, factor) in &found.terms {
            let block =
                segment.words.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
            let form =
                Form { documents: Documents::Term(PostingCursor::new(block)), weight: self.rarity * factor };
            // The exact word is one of its own completions.
            if has_completions && *factor >= EXACT {
                better.push(form);
            } else {
                size += u64::from(info.doc_freq);
                forms.push(form);
            }
        }
        forms.sort_by(|a: &Form, b: &Form| b.weight.total_cmp(&a.weight));
        if let Some((documents, frequency)) = found.completions.documents(segment)? {
            size += frequency;
            forms.push(Form { documents, weight: self.rarity * PREFIX });
        }
        if forms.len() > SIDE_BY_SIDE && !has_completions {
            // Side by side, each step asks every list: a set of them all answers at once.
            let set = union(found.terms.iter().map(|(info, _)| info), segment)?;
            better.append(&mut forms);
            let documents = Documents::Set(Box::new(set.into()));
            forms.push(Form { documents, weight: 0.0 });
        }
        let title = match found.titles.as_slice() {
            [] => None,
            [info] => {
                let block =
                    segment.title.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
                let documents = Documents::TermAlike(PostingCursor::new(block));
                Some(Form { documents, weight: self.rarity * IN_TITLE })
            }
            titles => {
                let mut set = BitSet::with_max_value(segment.reader.max_doc());
                for info in titles {
                    add_documents(&mut set, &segment.title, info)?;
                }
                let documents = Documents::Set(Box::new(set.into()));
                Some(Form { documents, weight: self.rarity * IN_TITLE })
            }
        };
        Ok(UnitCursor::new(forms, better, title, size))
    }
}

impl Completions {
    fn documents(&self, segment: &Segment) -> tantivy::Result<Option<(Documents, u64)>> {
        let single = |index: &InvertedIndexReader, info: &TermInfo| -> tantivy::Result<_> {
            let block = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
            let documents = Documents::TermAlike(PostingCursor::new(block));
            Ok(Some((documents, u64::from(info.doc_freq))))
        };
        match self {
            Completions::None => Ok(None),
            Completions::Short(info) => single(&segment.prefixes, info),
            Completions::Words(words) => match words.as_slice() {
                [info] => single(&segment.words, info),
                words => {
                    let set = union(words.iter(), segment)?;
                    let size = set.len() as u64;
                    Ok(Some((Documents::Set(Box::new(set.into())), size)))
                }
            },
        }
    }
}

fn union<'t>(terms: impl Iterator<Item = &'t TermInfo>, segment: &Segment) -> tantivy::Result<BitSet> {
    let mut set = BitSet::with_max_value(segment.reader.max_doc());
    for info in terms {
        add_documents(&mut set, &segment.words, info)?;
    }
    Ok(set)
}

fn add_documents(set: &mut BitSet, index: &InvertedIndexReader, info: &TermInfo) -> tantivy::Result<()> {
    let mut block = index.read_block_postings_from_terminfo(info, IndexRecordOption::Basic)?;
    while !block.docs().is_empty() {
        for &doc in block.docs() {
            set.insert(doc);
        }
        block.advance();
    }
    Ok(())
}

/// The documents that have one of some labels.
pub(super) fn labelled(
    index: &InvertedIndexReader,
    segment: &Segment,
    labels: &[String],
) -> tantivy::Result<UnitCursor> {
    let mut set = BitSet::with_max_value(segment.reader.max_doc());
    for label in labels {
        if let Some(info) = index.terms().get(label)? {
            add_documents(&mut set, index, &info)?;
        }
    }
    let size = set.len() as u64;
    let form = Form { documents: Documents::Set(Box::new(set.into())), weight: 0.0 };
    Ok(UnitCursor::new(vec![form], Vec::new(), None, size))
}
