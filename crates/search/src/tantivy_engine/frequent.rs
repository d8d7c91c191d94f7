//! The fast path of queries of several words, all of them commonplace.
//!
//! Counts by intersecting bit sets. Ranks from the newest document on, so that of the many documents
//! with equal scores only the newest are read.

use std::sync::Arc;

use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, Score, TERMINATED};
use tantivy_common::BitSet;

use super::bit_sets::{count_intersection, for_each};
use super::scorers::{DocIter, UnitScorer};
use super::segment::IndexSegment;
use super::top_docs::TopDocsCollector;
use super::word::is_commonplace;

/// Units as bit sets.
struct FrequentUnits(Vec<FrequentUnit>);

/// A unit as bit sets with constant scores, and a few documents with BM25 scores.
#[derive(Default)]
struct FrequentUnit {
    /// The sets whose union matches, best first.
    forms: Vec<WeightedSet>,
    /// Subsets whose scores add to those of the best.
    extras: Vec<WeightedSet>,
    /// The documents that BM25 scores.
    scored: Vec<DocId>,
}

/// Documents with one score.
struct WeightedSet {
    set: Arc<BitSet>,
    weight: Score,
}

/// Collects and counts the documents of commonplace units; `None` for other units.
pub(super) fn collect_frequent(
    units: &mut [UnitScorer],
    documents: u64,
    ordinal: usize,
    segment: &IndexSegment,
    collector: &mut TopDocsCollector,
) -> Option<u64> {
    if units.len() < 2 || !units.iter().all(|unit| is_commonplace(unit.cost(), documents)) {
        return None;
    }
    let max_doc = segment.max_doc();
    let sets: Option<_> = units.iter().map(|unit| FrequentUnit::of(unit, max_doc)).collect();
    let sets = FrequentUnits(sets?);
    let mut scored = BitSet::with_max_value(max_doc);
    if collector.requires_scores() {
        sets.add_scored(&mut scored);
        for_each(&scored, |doc| {
            if segment.is_alive(doc) {
                let mut score = 0.0;
                for unit in units.iter_mut() {
                    unit.seek(doc);
                    score += unit.score();
                }
                collector.collect(score, ordinal, doc, segment);
            }
        });
    }
    sets.collect_unscored(&scored, ordinal, segment, collector);
    Some(sets.count(segment))
}

impl FrequentUnits {
    fn contains(&self, doc: DocId) -> bool {
        self.0.iter().all(|unit| unit.contains(doc))
    }

    /// Counts the live documents that match.
    fn count(&self, segment: &IndexSegment) -> u64 {
        let unions: Vec<Vec<&BitSet>> =
            self.0.iter().map(|unit| unit.forms.iter().map(|form| form.set.as_ref()).collect()).collect();
        let deleted = segment.deleted.iter().filter(|&&doc| self.contains(doc)).count();
        count_intersection(&unions, segment.max_doc()) - deleted as u64
    }

    /// Adds the matching documents whose scores depend on frequencies.
    fn add_scored(&self, scored: &mut BitSet) {
        for unit in &self.0 {
            for &doc in unit.scored.iter().filter(|&&doc| self.contains(doc)) {
                scored.insert(doc);
            }
        }
    }

    /// Collects the newest matching documents outside `scored`.
    fn collect_unscored(
        &self,
        scored: &BitSet,
        ordinal: usize,
        segment: &IndexSegment,
        collector: &mut TopDocsCollector,
    ) {
        let requires_scores = collector.requires_scores();
        let max_score = if requires_scores { self.0.iter().map(FrequentUnit::max_score).sum() } else { 0.0 };
        if collector.threshold() > max_score {
            return;
        }
        for &doc in &segment.derived.newest_first {
            if !self.contains(doc) || scored.contains(doc) || !segment.is_alive(doc) {
                continue;
            }
            let score =
                if requires_scores { self.0.iter().map(|unit| unit.score_of(doc)).sum() } else { 0.0 };
            // Later documents are older and score at most `max_score`.
            if !collector.collect(score, ordinal, doc, segment) && collector.threshold() >= max_score {
                return;
            }
        }
    }
}

impl FrequentUnit {
    /// Copies a unit from its current document on; `None` for compounds, phrases and titles.
    fn of(scorer: &UnitScorer, max_doc: DocId) -> Option<Self> {
        let UnitScorer::Word(scorer) = scorer else { return None };
        let word = &scorer.word;
        let has_titles = !word.group_titles.is_empty();
        if has_titles {
            return None;
        }
        let mut unit = Self::default();
        for form in word.forms.iter().chain(&word.groups) {
            let set = match &form.docs {
                DocIter::Set(set) => set.set().clone(),
                DocIter::Frequencies(term) => {
                    let set = Arc::new(remaining(term.postings.clone(), max_doc));
                    for_each(&set, |doc| unit.scored.push(doc));
                    set
                }
                DocIter::Constant(postings) => Arc::new(remaining(postings.as_ref().clone(), max_doc)),
                DocIter::Constants(_) | DocIter::Phrase(_) => return None,
            };
            unit.forms.push(WeightedSet { set, weight: form.weight });
        }
        for form in &word.extras {
            match &form.docs {
                DocIter::Set(set) => {
                    unit.extras.push(WeightedSet { set: set.set().clone(), weight: form.weight });
                }
                DocIter::Frequencies(term) => {
                    for_each(&remaining(term.postings.clone(), max_doc), |doc| unit.scored.push(doc));
                }
                // Titles.
                DocIter::Constant(_) | DocIter::Constants(_) | DocIter::Phrase(_) => return None,
            }
        }
        Some(unit)
    }

    fn contains(&self, doc: DocId) -> bool {
        self.forms.iter().any(|form| form.set.contains(doc))
    }

    fn score_of(&self, doc: DocId) -> Score {
        let best = self.forms.iter().find(|form| form.set.contains(doc)).map_or(0.0, |best| best.weight);
        let extras = self.extras.iter().filter(|extra| extra.set.contains(doc)).map(|extra| extra.weight);
        best + extras.fold(0.0, |sum, weight| sum + weight)
    }

    fn max_score(&self) -> Score {
        let best = self.forms.iter().map(|form| form.weight).fold(0.0, f32::max);
        best + self.extras.iter().map(|extra| extra.weight).sum::<Score>()
    }
}

/// Returns the documents from the current one on.
fn remaining(mut docs: impl DocSet, max_doc: DocId) -> BitSet {
    let mut set = BitSet::with_max_value(max_doc);
    while docs.doc() != TERMINATED {
        set.insert(docs.doc());
        docs.advance();
    }
    set
}
