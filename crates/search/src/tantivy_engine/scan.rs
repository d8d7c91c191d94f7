//! The scan of a segment: visits each document that matches all clauses of a query.

use std::sync::Arc;

use tantivy::query::Scorer;
use tantivy::{DocId, DocSet, Score, TERMINATED};

use super::super::filter::DocumentFilter;
use super::bit_sets::SharedBitSet;
use super::curation::ScoreFactors;
use super::filter_sets::condition_set;
use super::scorers::{FormScorer, UnitScorer, sum_of_scores};
use super::segment::IndexSegment;

/// A condition that each matching document meets.
pub(super) enum Clause {
    Unit(UnitScorer),
    AnyUnit(Box<UnitUnion>),
    /// A condition of a filter; does not affect scores.
    Filter(SharedBitSet),
    /// All documents, deleted ones as well, with a score of 0.
    MatchAll {
        doc: DocId,
        max_doc: DocId,
    },
}

impl Clause {
    /// Requires all units.
    pub(super) fn all(units: Vec<UnitScorer>) -> Vec<Self> {
        units.into_iter().map(Self::Unit).collect()
    }

    /// Requires one of the informative units; the others add to scores only.
    pub(super) fn any(informative: Vec<UnitScorer>, others: Vec<UnitScorer>) -> Vec<Self> {
        vec![Self::AnyUnit(Box::new(UnitUnion::new(informative, others)))]
    }
}

impl DocSet for Clause {
    fn doc(&self) -> DocId {
        match self {
            Self::Unit(unit) => unit.doc(),
            Self::AnyUnit(union) => union.doc,
            Self::Filter(set) => set.doc(),
            Self::MatchAll { doc, .. } => *doc,
        }
    }

    fn advance(&mut self) -> DocId {
        match self {
            Self::Unit(unit) => unit.advance(),
            other => other.seek(other.doc().saturating_add(1)),
        }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        match self {
            Self::Unit(unit) => unit.seek(target),
            Self::AnyUnit(union) => union.seek(target),
            Self::Filter(set) => set.seek(target),
            Self::MatchAll { doc, max_doc } => {
                *doc = if target < *max_doc { target.max(*doc) } else { TERMINATED };
                *doc
            }
        }
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.cost()).unwrap_or(u32::MAX)
    }

    fn cost(&self) -> u64 {
        match self {
            Self::Unit(unit) => unit.cost(),
            Self::AnyUnit(union) => union.units.iter().map(UnitScorer::cost).sum(),
            Self::Filter(set) => set.cost(),
            Self::MatchAll { max_doc, .. } => u64::from(*max_doc),
        }
    }
}

impl Scorer for Clause {
    fn score(&mut self) -> Score {
        match self {
            Self::Unit(unit) => unit.score(),
            Self::AnyUnit(union) => {
                let doc = union.doc;
                let informative = union.units.iter_mut().filter(|unit| unit.doc() == doc);
                let others =
                    union.others.iter_mut().filter_map(|unit| (unit.seek(doc) == doc).then_some(unit));
                informative.chain(others).map(Scorer::score).sum()
            }
            Self::Filter(_) | Self::MatchAll { .. } => 0.0,
        }
    }
}

/// The documents of at least one unit; a document scores the sum of its units.
pub(super) struct UnitUnion {
    units: Vec<UnitScorer>,
    others: Vec<UnitScorer>,
    doc: DocId,
}

impl UnitUnion {
    fn new(units: Vec<UnitScorer>, others: Vec<UnitScorer>) -> Self {
        let doc = units.iter().map(UnitScorer::doc).min().unwrap_or(TERMINATED);
        Self { units, others, doc }
    }

    fn seek(&mut self, target: DocId) -> DocId {
        self.doc = self.units.iter_mut().map(|unit| unit.seek(target)).min().unwrap_or(TERMINATED);
        self.doc
    }
}

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
        let clauses: Score = std::iter::once(&mut self.lead).chain(&mut self.others).map(Scorer::score).sum();
        // A sum of nothing is negative zero.
        let score = clauses + 0.0 + sum_of_scores(&mut self.bonuses, doc);
        match &self.factors {
            Some(factors) => factors.apply(score, &self.segment, doc),
            None => score,
        }
    }
}
