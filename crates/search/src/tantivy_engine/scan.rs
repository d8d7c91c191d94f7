//! The scan of a segment: visits each document that matches all clauses of a query.

use std::sync::Arc;

use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, Score, TERMINATED};

use super::super::filter::DocumentFilter;
use super::bit_sets::SharedBitSet;
use super::clause::Clause;
use super::curation::ScoreFactors;
use super::filter_sets::condition_set;
use super::scorers::{FormScorer, UnitScorer, sum_of_scores};
use super::segment::IndexSegment;
use super::windows::{Windows, suits};

/// The live documents of a segment that match all clauses, and no excluded unit.
pub(super) struct SegmentScan {
    segment: Arc<IndexSegment>,
    /// The clause with the fewest documents.
    lead: Clause,
    others: Vec<Clause>,
    excluded: Vec<UnitScorer>,
    /// Forms that add to scores only.
    bonuses: Vec<FormScorer>,
    factors: Option<Box<ScoreFactors>>,
    /// Microseconds since 1970.
    published_from: Option<i64>,
    published_before: Option<i64>,
    doc: DocId,
}

impl SegmentScan {
    pub(super) fn new(
        segment: Arc<IndexSegment>,
        mut clauses: Vec<Clause>,
        excluded: Vec<UnitScorer>,
        filter: &DocumentFilter,
    ) -> tantivy::Result<Self> {
        let labels = segment.label_sets(filter)?.into_iter();
        clauses.extend(labels.map(|set| Clause::Filter(SharedBitSet::new(Arc::new(set)))));
        clauses.extend(condition_set(&segment, filter)?.map(|set| Clause::Filter(SharedBitSet::new(set))));
        clauses.sort_by_key(Clause::cost);
        let mut others = clauses.into_iter();
        let lead = others.next().unwrap_or(Clause::MatchAll { doc: 0, max_doc: segment.max_doc() });
        let first = lead.doc();
        let mut scan = Self {
            segment,
            lead,
            others: others.collect(),
            excluded,
            bonuses: Vec::new(),
            factors: None,
            published_from: filter.published_from.map(|at| at.timestamp_micros()),
            published_before: filter.published_before.map(|at| at.timestamp_micros()),
            doc: TERMINATED,
        };
        scan.doc = scan.first_match(first);
        Ok(scan)
    }

    /// Adds a form to the scores.
    pub(super) fn add_bonus(&mut self, form: FormScorer) {
        self.bonuses.push(form);
    }

    /// Multiplies the scores of some documents.
    pub(super) fn set_factors(&mut self, factors: Option<Box<ScoreFactors>>) {
        self.factors = factors;
    }

    /// Calls `visit` with each match from the current one on, in order, and its score, or 0 without scores.
    pub(super) fn for_each(&mut self, with_scores: bool, mut visit: impl FnMut(DocId, Score)) {
        if self.doc == TERMINATED || !suits(&self.lead, &self.others, self.segment.max_doc()) {
            while self.doc != TERMINATED {
                visit(self.doc, if with_scores { self.score() } else { 0.0 });
                self.advance();
            }
            return;
        }
        let mut windows = Windows::from(self.doc, self.segment.max_doc(), with_scores);
        while windows.advance(&mut self.lead, &mut self.others) {
            windows.for_each(|doc, score| {
                if self.accepts(doc) {
                    visit(doc, if with_scores { self.completed(score, doc) } else { 0.0 });
                }
            });
        }
    }

    /// Returns the first match from a document of the leading clause on.
    fn first_match(&mut self, mut doc: DocId) -> DocId {
        while doc < self.segment.max_doc() {
            let beyond = self.others.iter_mut().map(|clause| clause.seek(doc)).find(|&at| at > doc);
            doc = match beyond {
                Some(beyond) => self.lead.seek(beyond),
                None if self.accepts(doc) => return doc,
                None => self.lead.advance(),
            };
        }
        TERMINATED
    }

    /// Returns the score of a document, given that of the clauses.
    fn completed(&mut self, clauses: Score, doc: DocId) -> Score {
        let score = clauses + sum_of_scores(&mut self.bonuses, doc);
        match &self.factors {
            Some(factors) => factors.apply(score, &self.segment, doc),
            None => score,
        }
    }

    fn accepts(&mut self, doc: DocId) -> bool {
        self.segment.is_alive(doc)
            && self.is_in_period(doc)
            && !self.excluded.iter_mut().any(|unit| unit.seek(doc) == doc)
    }

    fn is_in_period(&self, doc: DocId) -> bool {
        if self.published_from.is_none() && self.published_before.is_none() {
            return true;
        }
        self.segment.published_at(doc).is_some_and(|at| {
            self.published_from.is_none_or(|from| at >= from)
                && self.published_before.is_none_or(|before| at < before)
        })
    }
}

impl DocSet for SegmentScan {
    fn doc(&self) -> DocId {
        self.doc
    }

    fn advance(&mut self) -> DocId {
        let doc = self.lead.advance();
        self.doc = self.first_match(doc);
        self.doc
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc < target {
            let doc = self.lead.seek(target);
            self.doc = self.first_match(doc);
        }
        self.doc
    }

    fn size_hint(&self) -> u32 {
        self.lead.size_hint()
    }
}

impl Scorer for SegmentScan {
    fn score(&mut self) -> Score {
        let doc = self.doc;
        let first = self.lead.score();
        let clauses = self.others.iter_mut().map(Scorer::score).fold(first, |sum, score| sum + score);
        self.completed(clauses, doc)
    }
}
