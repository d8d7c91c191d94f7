//! The fast path of queries whose words are all commonplace.
//!
//! Counts by intersecting bit sets. Ranks from the newest document on, so that of the many documents
//! with equal scores only the newest are read.

use std::sync::Arc;

use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, Score, TERMINATED};
use tantivy_common::BitSet;

use super::bit_sets::{count_intersection, for_each, for_each_in_intersection};
use super::candidates::Candidates;
use super::proximity::ProximityScorer;
use super::scorers::{DocIter, FormScorer, UnitScorer, sum_of_scores};
use super::segment::IndexSegment;
use super::top_docs::TopDocsCollector;
use super::word::{FREQUENT, TermGroup, is_commonplace};

/// The newest documents that are tried first: most often, the best matches are among them.
const MAX_STEPS: usize = 8_192;

/// Units as bit sets.
struct FrequentUnits(Vec<FrequentUnit>);

/// A unit as bit sets with constant scores, and a few documents that are scored one by one.
#[derive(Default)]
struct FrequentUnit {
    /// The sets of the word's forms, best first; a document scores as its best.
    forms: Vec<WeightedSet>,
    /// Subsets of the forms whose scores add to those of the best.
    extras: Vec<WeightedSet>,
    /// The sets of completions, compounds and typos, for documents without a form, best first.
    groups: Vec<WeightedSet>,
    /// Subsets of the groups; the best adds to the score.
    group_titles: Vec<WeightedSet>,
    /// The documents that BM25 scores, and those of rare extras.
    scored: Vec<DocId>,
}

/// Documents with one score.
struct WeightedSet {
    set: Arc<BitSet>,
    weight: Score,
    /// True if its documents are scored one by one.
    is_scored: bool,
}

/// Scores that are added to those of a few documents.
pub(super) struct Bonuses<'a, 's> {
    /// The documents whose title or text is the query.
    pub(super) whole: &'s [TermGroup],
    /// The distances of words, at least one of which is rare.
    pub(super) proximity: Option<&'s mut ProximityScorer<'a>>,
}

/// Returns true if `collect_frequent` serves these units.
pub(super) fn are_frequent(units: &[UnitScorer], documents: u64) -> bool {
    units.len() > 1 && units.iter().all(|unit| is_commonplace(unit.cost(), documents))
}

/// Collects and counts the documents of commonplace units; `None` for compounds and phrases.
pub(super) fn collect_frequent(
    units: &mut [UnitScorer],
    bonuses: Bonuses<'_, '_>,
    ordinal: usize,
    segment: &IndexSegment,
    collector: &mut TopDocsCollector<'_>,
) -> tantivy::Result<Option<u64>> {
    let max_doc = segment.max_doc();
    let sets: Option<_> = units.iter().map(|unit| FrequentUnit::of(unit, max_doc)).collect();
    let Some(sets) = sets.map(FrequentUnits) else { return Ok(None) };
    let mut scored = BitSet::with_max_value(max_doc);
    if collector.requires_scores() {
        sets.add_scored(&mut scored);
        for group in bonuses.whole {
            for_each(&*group.set(segment)?, |doc| {
                if sets.contains(doc) {
                    scored.insert(doc);
                }
            });
        }
        let whole = bonuses.whole.iter().map(|group| group.scorer(1.0, segment));
        let mut whole: Vec<FormScorer> = whole.collect::<tantivy::Result<_>>()?;
        let mut candidates = Candidates::default();
        for_each(&scored, |doc| {
            if !segment.is_alive(doc) {
                return;
            }
            let mut score = 0.0;
            for unit in units.iter_mut() {
                unit.seek(doc);
                score += unit.score();
            }
            score += sum_of_scores(&mut whole, doc);
            if bonuses.proximity.as_ref().is_some_and(|proximity| proximity.may_add(doc)) {
                candidates.add(score, doc);
            } else {
                collector.collect(score, ordinal, doc, segment);
            }
        });
        if let Some(proximity) = bonuses.proximity {
            candidates.collect(proximity, ordinal, segment, collector)?;
        }
    }
    sets.collect_unscored(&scored, ordinal, segment, collector);
    Ok(Some(sets.count(segment)))
}

impl FrequentUnits {
    fn contains(&self, doc: DocId) -> bool {
        self.0.iter().all(|unit| unit.contains(doc))
    }

    /// Returns the sets of each unit.
    fn unions(&self) -> Vec<Vec<&BitSet>> {
        self.0.iter().map(|unit| unit.matching().map(|list| &*list.set).collect()).collect()
    }

    /// Counts the live documents that match.
    fn count(&self, segment: &IndexSegment) -> u64 {
        let deleted = segment.deleted.iter().filter(|&&doc| self.contains(doc)).count();
        count_intersection(&self.unions(), segment.max_doc()) - deleted as u64
    }

    /// Adds the matching documents whose scores depend on frequencies.
    fn add_scored(&self, scored: &mut BitSet) {
        for unit in &self.0 {
            for &doc in unit.scored.iter().filter(|&&doc| self.contains(doc)) {
                scored.insert(doc);
            }
        }
    }

    /// Collects the matching documents outside `scored`.
    fn collect_unscored(
        &self,
        scored: &BitSet,
        ordinal: usize,
        segment: &IndexSegment,
        collector: &mut TopDocsCollector<'_>,
    ) {
        let requires_scores = collector.requires_scores();
        let max_score = if requires_scores { self.0.iter().map(FrequentUnit::max_score).sum() } else { 0.0 };
        let newest_first = &segment.derived.newest_first;
        for &doc in newest_first.iter().take(MAX_STEPS) {
            if !self.contains(doc) || scored.contains(doc) || !segment.is_alive(doc) {
                continue;
            }
            // Later documents are older and score at most `max_score`.
            if !self.collect(doc, ordinal, segment, collector)
                && !collector.accepts(max_score, ordinal, doc, segment)
            {
                return;
            }
        }
        if newest_first.len() <= MAX_STEPS {
            return;
        }
        // Few of the matches have the best score, if any.
        for_each_in_intersection(&self.unions(), segment.max_doc(), |doc| {
            if !scored.contains(doc) && segment.is_alive(doc) {
                self.collect(doc, ordinal, segment, collector);
            }
        });
    }

    /// Collects a matching document that is not scored one by one, unless it has been collected.
    fn collect(
        &self,
        doc: DocId,
        ordinal: usize,
        segment: &IndexSegment,
        collector: &mut TopDocsCollector<'_>,
    ) -> bool {
        let requires_scores = collector.requires_scores();
        let score = if requires_scores { self.0.iter().map(|unit| unit.score_of(doc)).sum() } else { 0.0 };
        collector.accepts(score, ordinal, doc, segment)
            && (collector.contains(ordinal, doc) || collector.collect(score, ordinal, doc, segment))
    }
}

impl FrequentUnit {
    /// Copies a unit from its current document on; `None` for compounds and phrases.
    fn of(scorer: &UnitScorer, max_doc: DocId) -> Option<Self> {
        let UnitScorer::Word(scorer) = scorer else { return None };
        let word = &scorer.word;
        let mut unit = Self::default();
        unit.forms = unit.sets(&word.forms, max_doc, false)?;
        unit.groups = unit.sets(&word.groups, max_doc, false)?;
        unit.extras = unit.sets(&word.extras, max_doc, true)?;
        unit.group_titles = unit.sets(&word.group_titles, max_doc, true)?;
        Some(unit)
    }

    /// Copies lists; with `only_frequent`, the documents of rare ones are scored one by one.
    fn sets(
        &mut self,
        lists: &[FormScorer],
        max_doc: DocId,
        only_frequent: bool,
    ) -> Option<Vec<WeightedSet>> {
        let mut sets = Vec::with_capacity(lists.len());
        for list in lists {
            let (set, is_bm25) = match &list.docs {
                DocIter::Set(set) => (set.set().clone(), false),
                DocIter::Frequencies(term) => (Arc::new(remaining(term.postings.clone(), max_doc)), true),
                DocIter::Constant(postings) => {
                    (Arc::new(remaining(postings.as_ref().clone(), max_doc)), false)
                }
                DocIter::Constants(_) | DocIter::Phrase(_) => return None,
            };
            let is_scored = is_bm25 || (only_frequent && set.len() < (max_doc / FREQUENT) as usize);
            if is_scored {
                for_each(&set, |doc| self.scored.push(doc));
            }
            sets.push(WeightedSet { set, weight: list.weight, is_scored });
        }
        Some(sets)
    }

    fn matching(&self) -> impl Iterator<Item = &WeightedSet> {
        self.forms.iter().chain(&self.groups)
    }

    fn contains(&self, doc: DocId) -> bool {
        self.matching().any(|list| list.set.contains(doc))
    }

    /// Returns the score of a matching document that is not scored one by one.
    fn score_of(&self, doc: DocId) -> Score {
        if let Some(form) = weight_of(&self.forms, doc) {
            let extras = self.extras.iter().filter(|extra| extra.set.contains(doc));
            return form + extras.map(|extra| extra.weight).sum::<Score>();
        }
        weight_of(&self.groups, doc).unwrap_or(0.0) + weight_of(&self.group_titles, doc).unwrap_or(0.0)
    }

    /// Returns the most that `score_of` returns.
    fn max_score(&self) -> Score {
        let extras = self.extras.iter().filter(|extra| !extra.is_scored).map(|extra| extra.weight);
        let form = max_weight(&self.forms) + extras.sum::<Score>();
        form.max(max_weight(&self.groups) + max_weight(&self.group_titles))
    }
}

/// Returns the weight of the first set that contains a document.
fn weight_of(sets: &[WeightedSet], doc: DocId) -> Option<Score> {
    sets.iter().find(|list| list.set.contains(doc)).map(|list| list.weight)
}

/// Returns the greatest weight of documents that are not scored one by one.
fn max_weight(sets: &[WeightedSet]) -> Score {
    sets.iter().filter(|list| !list.is_scored).map(|list| list.weight).fold(0.0, Score::max)
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
