//! The nearness of a query's words in a document.
//!
//! Words as near to each other as they were typed add to the score. Positions are read last, and only for
//! documents that may be among the best.

use std::cmp::Reverse;

use tantivy::postings::{Postings, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Score};
use tantivy_common::BitSet;

use super::bit_sets::union;
use super::segment::IndexSegment;
use super::snapshot::IndexSnapshot;
use super::term_field::TermField;
use super::weights::Weights;
use super::word::{WordPlan, is_commonplace};
use crate::planner::{PlannedTerms, PlannedUnit, PlannedWord};

/// The greatest distance of near words.
const NEAR: u32 = 8;
/// The words that an unfinished or misspelt one may stand for and whose positions are read, and their documents.
const MAX_OTHER_TERMS: usize = 16;
const MAX_OTHER_DOCUMENTS: u32 = 20_000;

/// Adds to the scores of a segment's documents by the distances of words.
pub(super) struct ProximityScorer<'a> {
    segment: &'a IndexSegment,
    words: Vec<WordPositions<'a>>,
    pairs: Vec<Pair>,
    /// The most that it adds.
    pub(super) max: Score,
}

/// Two words in the order in which they were typed.
struct Pair {
    first: usize,
    second: usize,
    /// The typed distance.
    distance: u32,
    /// Adds to the score if the distance is the typed one.
    adjacent: Score,
    /// Adds to the score if the words are near, in any order.
    near: Score,
}

/// The positions of a word in the present document.
struct WordPositions<'a> {
    terms: Vec<&'a TermInfo>,
    /// The documents with one of the terms; `None` if all matches have one.
    documents: Option<BitSet>,
    /// Opened by the first document.
    postings: Option<Vec<SegmentPostings>>,
    doc: Option<DocId>,
    /// Sorted.
    positions: Vec<u32>,
    /// The positions of one term, kept for its memory.
    of_term: Vec<u32>,
}

impl<'a> ProximityScorer<'a> {
    /// Creates the scorer of a query's neighbours; `None` without any.
    ///
    /// `typos` holds for each unit whether they are permitted. With `any`, documents match that lack some of the words.
    pub(super) fn of(
        units: &'a [PlannedUnit<WordPlan>],
        typos: &[bool],
        weights: &Weights,
        snapshot: &'a IndexSnapshot,
        ordinal: usize,
        any: bool,
    ) -> tantivy::Result<Option<Self>> {
        let segment: &IndexSegment = &snapshot.segments[ordinal];
        let mut words = Vec::new();
        let mut optional = Vec::new();
        let mut pairs: Vec<Pair> = Vec::new();
        let mut previous: Option<(usize, u32, f32, bool)> = None;
        let mut position = 0;
        let units = units.iter().zip(typos);
        let parts = units.flat_map(|(unit, &typos)| unit.parts().iter().map(move |part| (unit, typos, part)));
        for (unit, typos, part) in parts {
            for word in part.plan.words() {
                position += 1;
                if !part.is_informative {
                    continue;
                }
                let terms = terms(word, ordinal, typos);
                let frequency = terms.iter().map(|info| u64::from(info.doc_freq)).sum();
                let is_commonplace = is_commonplace(frequency, snapshot.documents);
                let at = words.len();
                if let Some((first, first_position, idf, first_is_commonplace)) = previous
                    // Of two commonplace words, reading the positions would take milliseconds.
                    && !(is_commonplace && first_is_commonplace)
                {
                    let idf = idf.min(word.terms.idf);
                    let (adjacent, near) = (weights.adjacent * idf, weights.near * idf);
                    let distance = position - first_position;
                    pairs.push(Pair { first, second: at, distance, adjacent, near });
                }
                previous = Some((at, position, word.terms.idf, is_commonplace));
                if any || unit.has_synonyms() || word.terms.has_other_terms(ordinal) {
                    optional.push(at);
                }
                words.push(WordPositions {
                    terms,
                    documents: None,
                    postings: None,
                    doc: None,
                    positions: Vec::new(),
                    of_term: Vec::new(),
                });
            }
        }
        pairs.retain(|pair| !words[pair.first].terms.is_empty() && !words[pair.second].terms.is_empty());
        if pairs.is_empty() {
            return Ok(None);
        }
        optional.retain(|&at| pairs.iter().any(|pair| pair.first == at || pair.second == at));
        for at in optional {
            let word: &mut WordPositions<'_> = &mut words[at];
            word.documents = Some(union(word.terms.iter().copied(), &segment.words, segment.max_doc())?);
        }
        let max = pairs.iter().map(|pair| pair.adjacent + pair.near).sum();
        Ok(Some(Self { segment, words, pairs, max }))
    }

    /// Returns false for a match to whose score the distances cannot add.
    pub(super) fn may_add(&self, doc: DocId) -> bool {
        let has = |word: usize| self.words[word].documents.as_ref().is_none_or(|docs| docs.contains(doc));
        self.pairs.iter().any(|pair| has(pair.first) && has(pair.second))
    }

    /// Returns what the distances in a document add. Documents must ascend.
    pub(super) fn score(&mut self, doc: DocId) -> tantivy::Result<Score> {
        let mut score = 0.0;
        for at in 0..self.pairs.len() {
            let (first, second) = (self.pairs[at].first, self.pairs[at].second);
            self.words[first].read(doc, self.segment)?;
            self.words[second].read(doc, self.segment)?;
            score += self.pairs[at].score(&self.words[first].positions, &self.words[second].positions);
        }
        Ok(score)
    }
}

/// Returns the terms of a word in a segment whose positions count: its forms, or, of a word that no document has, the
/// words that it may become or mean.
fn terms(word: &PlannedWord<WordPlan>, ordinal: usize, typos: bool) -> Vec<&TermInfo> {
    let segments = &word.terms.segments;
    if word.terms.has_forms() {
        return segments[ordinal].forms.iter().map(|form| &form.info).collect();
    }
    let groups = segments[ordinal].groups(typos).filter(|group| group.field == TermField::Words);
    let mut terms: Vec<&TermInfo> = groups.flat_map(|group| group.terms.iter()).collect();
    terms.sort_unstable_by_key(|info| Reverse(info.doc_freq));
    terms.dedup_by_key(|info| info.postings_range.start);
    terms.truncate(MAX_OTHER_TERMS);
    let mut left = MAX_OTHER_DOCUMENTS;
    terms.retain(|info| {
        let fits = info.doc_freq <= left;
        left -= if fits { info.doc_freq } else { 0 };
        fits
    });
    terms
}

impl WordPositions<'_> {
    fn read(&mut self, doc: DocId, segment: &IndexSegment) -> tantivy::Result<()> {
        if self.doc == Some(doc) {
            return Ok(());
        }
        self.doc = Some(doc);
        self.positions.clear();
        if self.postings.is_none() {
            let option = IndexRecordOption::WithFreqsAndPositions;
            let postings = self.terms.iter().map(|info| {
                segment.words.read_postings_from_terminfo(info, option).map_err(tantivy::TantivyError::from)
            });
            self.postings = Some(postings.collect::<tantivy::Result<_>>()?);
        }
        for postings in self.postings.iter_mut().flatten() {
            if postings.doc() < doc {
                postings.seek(doc);
            }
            if postings.doc() == doc {
                postings.positions(&mut self.of_term);
                self.positions.extend_from_slice(&self.of_term);
            }
        }
        self.positions.sort_unstable();
        Ok(())
    }
}

impl Pair {
    fn score(&self, first: &[u32], second: &[u32]) -> Score {
        let (mut is_adjacent, mut is_near) = (false, false);
        let mut at = 0;
        for &position in second {
            while at + 1 < first.len() && first[at + 1] < position {
                at += 1;
            }
            // The last one before, and the first one after.
            for &other in first[at.min(first.len())..].iter().take(2) {
                is_adjacent |= other + self.distance == position;
                is_near |= other.abs_diff(position) <= NEAR;
            }
        }
        f32::from(u8::from(is_adjacent)) * self.adjacent + f32::from(u8::from(is_near)) * self.near
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_count_at_their_typed_distance_and_nearby() {
        let pair = Pair { first: 0, second: 1, distance: 1, adjacent: 2.0, near: 1.0 };
        for (first, second, expected) in [
            (&[3][..], &[4][..], 3.0),
            (&[4], &[3], 1.0),
            (&[1, 20, 30], &[21], 3.0),
            (&[0], &[8], 1.0),
            (&[0], &[9], 0.0),
            (&[], &[1], 0.0),
            (&[5, 6], &[2, 7], 3.0),
        ] {
            assert_eq!(pair.score(first, second), expected, "{first:?} {second:?}");
        }
    }
}
